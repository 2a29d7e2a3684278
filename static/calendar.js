// Move over the calendar by the keyboard: arrows from day to day, T, N and P. Its link for other calendars.
"use strict";

(() => {
  const days = [...document.querySelectorAll("[data-day]")];
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -7, ArrowDown: 7 };
  const links = { t: "[data-today]", n: "[rel=next]", p: "[rel=prev]" };

  // One day is a stop of the Tab key, the others are reached by arrows.
  const stop = (day) => days.forEach((one) => { one.tabIndex = one === day ? 0 : -1; });
  stop(document.querySelector(".cal-day.today [data-day]") || days[0]);

  document.addEventListener("keydown", (event) => {
    if (document.querySelector("dialog[open]")) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, [role=dialog]")) return;
    const at = days.indexOf(event.target);
    if (event.key in steps && at >= 0) {
      event.preventDefault();
      const next = days[at + steps[event.key]];
      if (next) { stop(next); next.focus(); return; }
      document.querySelector(steps[event.key] > 0 ? "[rel=next]" : "[rel=prev]").click();
    } else if (event.key.toLowerCase() in links) {
      document.querySelector(links[event.key.toLowerCase()])?.click();
    }
  });

  const share = document.getElementById("cal-share");
  document.querySelector("[data-share]")?.addEventListener("click", () => share.showModal());
  share.querySelector("[data-close]").addEventListener("click", () => share.close());
  if ("opened" in share.dataset) share.showModal();
  share.querySelector("[data-copy]")?.addEventListener("click", async (event) => {
    const button = event.currentTarget;
    const field = share.querySelector("[data-feed]");
    field.select();
    // Without HTTPS a browser has no clipboard for pages: the marked text can be copied by hand.
    await navigator.clipboard?.writeText(field.value);
    if (navigator.clipboard) button.querySelector("span:last-child").textContent = button.dataset.copied;
  });
})();
