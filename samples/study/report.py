"""A table and a picture of all evaluated models: report.md and report.svg."""

import json
from pathlib import Path

BAR, LEFT, WIDTH = 24, 260, 640

runs = json.loads(Path("runs.json").read_text())
table = [
    (
        run["flags"]["train.model.kind"],
        " ".join(
            f"{name.rpartition('.')[2]}={value}"
            for name, value in run["flags"].items()
            if name not in ("train.model.kind", "split.held_out")
        ),
        run["result"]["accuracy"],
        run["result"]["log_loss"],
    )
    for run in runs
]
table.sort(key=lambda row: row[3])

lines = ["| model | flags | accuracy | log loss |", "|---|---|---|---|"]
lines += [f"| {kind} | {flags} | {acc:.3f} | {loss:.3f} |" for kind, flags, acc, loss in table]
Path("report.md").write_text("\n".join(lines) + "\n")

most = max(loss for *_, loss in table)
bars = []
for place, (kind, flags, _, loss) in enumerate(table):
    top, length = place * BAR, (WIDTH - LEFT - 60) * loss / most
    bars.append(f'<text x="0" y="{top + 16}">{kind} {flags}</text>')
    bars.append(f'<rect x="{LEFT}" y="{top + 4}" width="{length:.0f}" height="16" fill="#4878a8"/>')
    bars.append(f'<text x="{LEFT + length + 6:.0f}" y="{top + 16}">{loss:.3f}</text>')
Path("report.svg").write_text(
    f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{BAR * len(table)}" '
    f'font-family="sans-serif" font-size="12">{"".join(bars)}</svg>\n'
)
print("\n".join(lines))
