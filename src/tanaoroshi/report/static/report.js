"use strict";
(() => {
  const root = document.documentElement;
  const initial = root.lang;
  root.classList.add("js");

  // --- Language: in the address as #ja/section, so that a link keeps it. ---
  function parse() {
    const [, lang, target] = /^#?(?:(en|ja)(?:\/|$))?(.*)$/.exec(location.hash);
    return { lang, target };
  }

  function remember(target) {
    const lang = root.lang === initial ? "" : root.lang;
    const hash = lang ? `#${lang}${target ? `/${target}` : ""}` : target ? `#${target}` : "";
    try {
      history.replaceState(null, "", hash || location.pathname + location.search);
    } catch {
      // Some browsers forbid this for pages from disk; the page works without.
    }
  }

  function speak(lang) {
    root.lang = lang;
    for (const button of document.querySelectorAll("[data-speak]")) {
      button.setAttribute("aria-pressed", String(button.dataset.speak === lang));
    }
    for (const input of document.querySelectorAll(".scrub input")) say(input);
  }

  function follow() {
    const { lang, target } = parse();
    if (lang && lang !== root.lang) speak(lang);
    if (target) {
      remember(target);
      if (lang) document.getElementById(target)?.scrollIntoView({ behavior: "instant" });
    }
  }

  // --- Sliders: all starting pictures move together. ---
  function visible(element) {
    const copy = element.cloneNode(true);
    for (const other of copy.querySelectorAll(`span[lang]:not([lang="${root.lang}"])`)) {
      other.remove();
    }
    return copy.textContent.trim();
  }

  function say(input) {
    const step = input.closest(".scrub").querySelector(`[data-step="${input.value}"]`);
    if (step) input.setAttribute("aria-valuetext", visible(step));
  }

  function scrub(input) {
    const box = input.closest(".scrub");
    box.style.setProperty("--x", input.value);
    for (const step of box.querySelectorAll("[data-step]")) {
      step.hidden = step.dataset.step !== input.value;
    }
    say(input);
  }

  // --- The map: one stop for the tab key, arrows inside. ---
  function grid(table) {
    const rows = [...table.tBodies]
      .flatMap((body) => [...body.rows])
      .map((row) => [...row.querySelectorAll("td")])
      .filter((cells) => cells.length);
    if (!rows.length) return;
    const readout = table.closest(".map").querySelector("[data-readout]");
    let at = [0, 0];
    const place = rows.map((cells) => cells.findIndex((c) => c.classList.contains("place")));
    const first = place.findIndex((j) => j >= 0);
    if (first >= 0) at = [first, place[first]];

    function tell(cell) {
      const heads = table.tHead.rows[0].cells;
      const name = visible(cell.parentElement.querySelector(".name"));
      readout.textContent = `${name} × ${visible(heads[cell.cellIndex])}: ${visible(cell)}`;
    }

    function move(i, j, focus) {
      rows[at[0]][at[1]].tabIndex = -1;
      at = [
        Math.min(Math.max(i, 0), rows.length - 1),
        Math.min(Math.max(j, 0), rows[0].length - 1),
      ];
      const cell = rows[at[0]][at[1]];
      cell.tabIndex = 0;
      if (focus) cell.focus();
    }

    const keys = {
      ArrowUp: ([i, j]) => [i - 1, j],
      ArrowDown: ([i, j]) => [i + 1, j],
      ArrowLeft: ([i, j]) => [i, j - 1],
      ArrowRight: ([i, j]) => [i, j + 1],
      Home: ([i]) => [i, 0],
      End: ([i]) => [i, rows[0].length - 1],
    };
    for (const cell of rows.flat()) cell.tabIndex = -1;
    move(at[0], at[1], false);
    table.addEventListener("keydown", (event) => {
      if (event.target.tagName !== "TD" || !keys[event.key]) return;
      event.preventDefault();
      move(...keys[event.key](at), true);
    });
    table.addEventListener("focusin", (event) => {
      if (event.target.tagName === "TD") tell(event.target);
    });
    table.addEventListener("pointerover", (event) => {
      const cell = event.target.closest("td");
      if (cell) tell(cell);
    });
  }

  // --- Paper shows everything. ---
  const opened = [];
  addEventListener("beforeprint", () => {
    for (const details of document.querySelectorAll("details:not([open])")) {
      details.open = true;
      opened.push(details);
    }
  });
  addEventListener("afterprint", () => {
    while (opened.length) opened.pop().open = false;
  });

  document.addEventListener("input", (event) => {
    if (event.target.matches(".scrub input")) scrub(event.target);
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-speak]");
    if (!button) return;
    speak(button.dataset.speak);
    remember(parse().target);
  });
  addEventListener("hashchange", follow);
  for (const input of document.querySelectorAll(".scrub input")) scrub(input);
  for (const table of document.querySelectorAll("[data-grid]")) grid(table);
  follow();
  if (parse().lang && parse().target) {
    // After a reload the browser would go back to where the page was left.
    history.scrollRestoration = "manual";
    addEventListener("load", follow);
  }
})();
