// Ctrl+K: pages, actions and records, by keyboard alone. What was opened last is remembered in this
// browser for the person signed in, without people's names.
(() => {
  'use strict';

  const MOST = 6;
  const WAIT = 140;

  function start() {
    const box = document.getElementById('palette');
    if (!box) return;
    const input = box.querySelector('input');
    const list = box.querySelector('[role=listbox]');
    const none = box.querySelector('[data-nothing]');
    const count = box.querySelector('[data-count]');
    const key = `rapport.recent.${box.dataset.user}`;
    let asked = null;
    let timer = 0;
    let chosen = -1;

    const options = () => [...list.querySelectorAll('[role=option]')];
    const recent = () => {
      try { return JSON.parse(localStorage.getItem(key)) || []; } catch { return []; }
    };

    function choose(index) {
      const all = options();
      if (!all.length) { chosen = -1; input.removeAttribute('aria-activedescendant'); return; }
      chosen = (index + all.length) % all.length;
      all.forEach((option, i) => option.setAttribute('aria-selected', String(i === chosen)));
      input.setAttribute('aria-activedescendant', all[chosen].id);
      all[chosen].scrollIntoView({ block: 'nearest' });
    }

    function remembered() {
      const items = recent();
      if (!items.length) return null;
      const group = document.createElement('div');
      group.setAttribute('role', 'group');
      group.setAttribute('aria-labelledby', 'palette-recent');
      const heading = document.createElement('h3');
      heading.id = 'palette-recent';
      heading.setAttribute('role', 'presentation'); // a list of options holds groups, no headings
      heading.textContent = box.dataset.recent;
      group.append(heading);
      items.forEach((item, i) => {
        const line = document.createElement('a');
        line.id = `palette-r-${i}`;
        line.href = item.link;
        line.tabIndex = -1;
        line.setAttribute('role', 'option');
        line.dataset.kept = item.title;
        line.dataset.icon = item.icon;
        const icon = document.createElement('span');
        icon.className = 'material-symbols-outlined';
        icon.setAttribute('aria-hidden', 'true');
        icon.textContent = item.icon;
        const title = document.createElement('span');
        title.className = 't';
        title.textContent = item.title;
        line.append(icon, title);
        group.append(line);
      });
      return group;
    }

    // A list without options is no list: what is said instead stands beside it.
    function tell() {
      const found = options().length;
      const said = list.querySelector('.none');
      none.replaceChildren(...(said ? [said] : []));
      none.hidden = !said;
      list.hidden = !found;
      input.setAttribute('aria-expanded', String(Boolean(found)));
      count.textContent = found || none.textContent.trim();
      choose(0);
    }

    async function ask() {
      const term = input.value.trim();
      asked?.abort();
      asked = new AbortController();
      box.toggleAttribute('aria-busy', true);
      try {
        const answer = await fetch(`${box.dataset.url}?s=${encodeURIComponent(term)}`, { signal: asked.signal });
        if (!answer.ok) throw new Error(answer.status);
        list.innerHTML = await answer.text();
        if (!term) {
          const group = remembered();
          if (group) list.prepend(group);
        }
      } catch (error) {
        if (error.name === 'AbortError') return;
        const lost = document.createElement('p');
        lost.className = 'none';
        lost.textContent = box.dataset.lost;
        list.replaceChildren(lost);
      }
      box.removeAttribute('aria-busy');
      tell();
    }

    function open() {
      if (box.open) return;
      input.value = '';
      list.replaceChildren();
      tell();
      box.showModal();
      input.focus();
      ask();
    }

    function go(option, away) {
      const { kept, icon } = option.dataset;
      const link = option.getAttribute('href');
      if (kept) {
        const items = [{ title: kept, icon, link }, ...recent().filter((item) => item.link !== link)];
        try { localStorage.setItem(key, JSON.stringify(items.slice(0, MOST))); } catch { /* a full store */ }
      }
      if (away) window.open(link, '_blank', 'noopener');
      else window.location.assign(link);
      box.close();
    }

    input.addEventListener('input', (event) => {
      if (event.isComposing) return; // half a Chinese word is no word
      clearTimeout(timer);
      timer = setTimeout(ask, WAIT);
    });
    input.addEventListener('compositionend', () => { clearTimeout(timer); timer = setTimeout(ask, WAIT); });
    input.addEventListener('keydown', (event) => {
      if (event.isComposing || event.keyCode === 229) return;
      const move = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (move) { event.preventDefault(); choose(chosen + move); }
      if (event.key === 'Home' && !input.value) { event.preventDefault(); choose(0); }
      if (event.key === 'End' && !input.value) { event.preventDefault(); choose(-1); }
      if (event.key === 'Enter') {
        event.preventDefault();
        const option = options()[chosen];
        if (option) go(option, event.ctrlKey || event.metaKey);
      }
    });
    list.addEventListener('mousemove', (event) => {
      const option = event.target.closest('[role=option]');
      const index = options().indexOf(option);
      if (option && index !== chosen) choose(index);
    });
    list.addEventListener('click', (event) => {
      const option = event.target.closest('[role=option]');
      if (!option) return;
      event.preventDefault();
      go(option, event.ctrlKey || event.metaKey);
    });
    box.addEventListener('click', (event) => { if (event.target === box) box.close(); });
    window.addEventListener('opencommand', open);
    window.addEventListener('keydown', (event) => {
      if ((event.ctrlKey || event.metaKey) && !event.shiftKey && !event.altKey && event.key.toLowerCase() === 'k') {
        event.preventDefault();
        if (box.open) box.close(); else open();
      }
    });
  }

  document.addEventListener('DOMContentLoaded', start);
})();
