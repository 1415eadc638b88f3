"""axe-core, which finds accessibility faults of a page."""

from pathlib import Path

from playwright.async_api import Page

AXE = Path(__file__).resolve().parent.parent / "web" / "node_modules" / "axe-core" / "axe.min.js"
"""`make test-web` installs it; where it is absent, nothing is looked for."""


async def violations(page: Page) -> list[str]:
    """Return the accessibility faults of a page: the rule and the element."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("() => axe.run()")
    return [
        f"{violation['id']}: {violation['help']}: {node['html'][:200]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
