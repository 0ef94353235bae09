"""From estimates to findings: what was measured, judged and said in words."""
