"""HTML from page models: one folder, or one file, that works from disk without a network."""

from tanaoroshi.report.write import write_archive, write_comparison, write_history, write_report

__all__ = ["write_archive", "write_comparison", "write_history", "write_report"]
