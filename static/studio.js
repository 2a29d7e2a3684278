// What the console's pages need beyond HTMX and Alpine: charts that can be pointed at.
(() => {
  'use strict';

  const texts = () => JSON.parse(document.getElementById('studio-texts')?.textContent || '{}');

  // Vega cannot parse var() or oklch(): every token is read as the browser computed it, as hex. -----
  const pixel = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const hex = (colour) => {
    pixel.clearRect(0, 0, 1, 1);
    pixel.fillStyle = colour;
    pixel.fillRect(0, 0, 1, 1);
    return '#' + [...pixel.getImageData(0, 0, 1, 1).data].slice(0, 3)
      .map((part) => part.toString(16).padStart(2, '0')).join('');
  };
  // The colours as they stand in the specification, and the variable that says what they are now.
  const TOKENS = {
    '#0f766e': 'primary', '#99d5cf': 'primary-soft', '#94a3b8': 'muted', '#d97706': 'accent',
    '#047857': 'good', '#b91c1c': 'bad', '#e5e8ec': 'grid', '#1f2937': 'ink', '#6b7280': 'label',
    '#0e7c86': 'group-1', '#c2620c': 'group-2', '#6d4fc4': 'group-3', '#be2d6b': 'group-4',
    '#4a7d1f': 'group-5', '#2563c9': 'group-6', '#94740b': 'group-7', '#5b6472': 'group-8',
  };
  const themed = (text) => {
    const style = getComputedStyle(document.documentElement);
    return text.replace(/"(#[0-9a-f]{6})"/g, (found, colour) => {
      const value = TOKENS[colour] && style.getPropertyValue('--chart-' + TOKENS[colour]).trim();
      return value ? `"${hex(value)}"` : found;
    });
  };

  const drawn = new Map();
  async function draw(figure) {
    const picture = figure.querySelector('.st-picture');
    if (!window.vegaEmbed || !picture.clientWidth) return;
    const key = figure.dataset.chart.replace(/^chart-/, '');
    const spec = JSON.parse(themed(document.getElementById(key).textContent));
    spec.width = 'container';
    spec.autosize = { type: 'fit-x', contains: 'padding' };
    drawn.get(figure)?.view.finalize();
    let stage = picture.querySelector('.st-stage');
    if (!stage) {
      stage = document.createElement('div');
      stage.className = 'st-stage';
      stage.style.width = '100%';
      stage.setAttribute('aria-hidden', 'true');
      picture.append(stage);
    }
    const result = await window.vegaEmbed(stage, spec, { actions: false, renderer: 'svg', ast: true });
    drawn.set(figure, result);
    picture.classList.add('is-live');
  }

  function charts() {
    const figures = [...document.querySelectorAll('[data-chart]')];
    if (!figures.length || !window.vegaEmbed) return;
    // A chart in a hidden tab is drawn when it is shown.
    const shown = new IntersectionObserver((entries) => {
      for (const entry of entries) if (entry.isIntersecting && !drawn.has(entry.target)) draw(entry.target);
    });
    figures.forEach((figure) => shown.observe(figure));
    let dark = document.documentElement.classList.contains('dark');
    new MutationObserver(() => {
      const now = document.documentElement.classList.contains('dark');
      if (now !== dark) {
        dark = now;
        drawn.forEach((_view, figure) => draw(figure));
      }
    }).observe(document.documentElement, { attributes: true, attributeFilter: ['class'] });
  }

  // Table behind a chart: say what the switch will do. ----------------------------------------------
  function tables() {
    const t = texts();
    document.querySelectorAll('details.st-data').forEach((details) => {
      details.addEventListener('toggle', () => {
        details.querySelector('summary').textContent = details.open ? t.showChart : t.showTable;
      });
    });
  }

  // Small mends of the shell for assistive technology. ----------------------------------------------
  function landmarks() {
    const content = document.getElementById('content');
    if (content && !document.querySelector('main, [role=main]')) content.setAttribute('role', 'main');
    // The sidebar's part that folds opens by a click on its heading; the keyboard gets there as well.
    document.querySelectorAll('#nav-sidebar-apps h2.cursor-pointer').forEach((heading) => {
      const list = heading.nextElementSibling;
      const told = () => heading.setAttribute('aria-expanded', String(list?.offsetParent !== null));
      heading.setAttribute('role', 'button');
      heading.tabIndex = 0;
      heading.addEventListener('keydown', (event) => {
        if (event.key !== 'Enter' && event.key !== ' ') return;
        event.preventDefault();
        heading.click();
      });
      heading.addEventListener('click', () => setTimeout(told, 50));
      setTimeout(told, 50);
    });
  }

  // A search field of Django's autocomplete is named by its value alone; an empty one has no name.
  function comboboxes() {
    document.querySelectorAll('select.select2-hidden-accessible').forEach((select) => {
      const label = document.querySelector(`label[for="${CSS.escape(select.id)}"]`);
      const box = select.nextElementSibling?.querySelector('[role=combobox]');
      if (!label || !box || box.dataset.named) return;
      box.dataset.named = 'yes';
      label.id ||= select.id + '-label';
      // The value inside has a role of its own, which an empty one leaves without a name.
      box.querySelector('[role=textbox]')?.setAttribute('aria-label', label.textContent.trim());
      box.setAttribute('aria-labelledby', `${label.id} ${box.getAttribute('aria-labelledby') || ''}`.trim());
    });
    // The box of two lists labels a span, which may have no name unless it is a picture.
    document.querySelectorAll('span.help-tooltip[aria-label]:not([role])').forEach((sign) => {
      sign.setAttribute('role', 'img');
    });
  }

  // Copies the code beside the button and says so for a moment.
  document.addEventListener('click', (event) => {
    const button = event.target.closest('[data-copy]');
    const code = button?.parentElement.querySelector('code');
    if (!code) return;
    navigator.clipboard?.writeText(code.textContent).then(() => {
      const label = button.querySelector('[data-label]');
      const before = label.textContent;
      label.textContent = button.dataset.copy;
      setTimeout(() => { label.textContent = before; }, 2000);
    });
  });

  // The bell's panel closes as menus do.
  document.addEventListener('click', (event) => {
    document.querySelectorAll('details.st-bellbox[open]').forEach((box) => {
      if (!box.contains(event.target)) box.open = false;
    });
  });
  document.addEventListener('keydown', (event) => {
    const box = event.key === 'Escape' && document.querySelector('details.st-bellbox[open]');
    if (!box) return;
    box.open = false;
    box.querySelector('summary').focus();
  });

  document.addEventListener('htmx:configRequest', (event) => {
    const token = document.cookie.match(/csrftoken=([^;]+)/);
    if (token) event.detail.headers['X-CSRFToken'] = token[1];
  });
  document.addEventListener('htmx:sendError', () => {
    const place = document.querySelector('[data-lost]');
    if (place) place.textContent = texts().lost;
  });
  document.addEventListener('DOMContentLoaded', () => {
    landmarks();
    tables();
  });
  window.addEventListener('load', () => {
    charts();
    comboboxes();
    // Django makes the fields when it is ready, which may be later than now.
    new MutationObserver(comboboxes).observe(document.body, { childList: true, subtree: true });
  });
})();
