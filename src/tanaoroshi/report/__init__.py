"""HTML from page models: one folder, or one file, that works from disk without a network."""

from tanaoroshi.report.write import (
    check_folder,
    write_archive,
    write_comparison,
    write_history,
    write_report,
)

__all__ = [
    "check_folder",
    "write_archive",
    "write_comparison",
    "write_history",
    "write_report",
]
