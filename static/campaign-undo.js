// The seconds in which a launch can be taken back; then the page looks what has become of it.
(() => {
  'use strict';
  const bar = document.querySelector('[data-undo]');
  if (!bar) return;
  const until = Number(bar.dataset.undo) * 1000;
  const seconds = bar.querySelector('[data-undo-seconds]');
  const tick = () => {
    const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
    seconds.textContent = left;
    if (left > 0) window.setTimeout(tick, 500);
    else window.setTimeout(() => window.location.reload(), 2500);
  };
  tick();
})();
