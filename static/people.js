// A ribbon of the flow leads to its line in the table, where the people behind it can become a list.
(() => {
  'use strict';

  document.addEventListener('click', (event) => {
    const ribbon = event.target.closest('.pp-sankey [data-row]');
    const row = ribbon && document.getElementById(ribbon.dataset.row);
    if (!row) return;
    document.querySelectorAll('tr.is-current').forEach((other) => other.classList.remove('is-current'));
    row.classList.add('is-current');
    row.scrollIntoView({ block: 'nearest' });
    row.querySelector('button')?.focus();
  });
})();
