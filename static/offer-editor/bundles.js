// Sets that are bought together, one click from the rule.
import { ask, fill, h, icon, problem } from '../segment-builder/dom.js';

const AGAIN = 3000; // ms

/** Return the button that asks for sets, and where they appear. `take(items)` writes a set into the rule. */
export function bundles({ texts, url, take }) {
  const place = h('div', { class: 'of-bundles', role: 'status', 'aria-live': 'polite' });
  const button = h('button', { type: 'button', class: 'st-btn sm', 'data-key': 'benefit:bundles', onclick: () => look() }, icon('lightbulb'), texts.suggestBundles);

  async function look() {
    button.disabled = true;
    const answer = await ask(url, {});
    button.disabled = false;
    if (!answer.ok) {
      place.replaceChildren(h('p', { class: 'sb-error' }, problem(answer, texts)));
      return;
    }
    const { results, working, none } = answer.body;
    place.replaceChildren(
      results.length ? h('ul', { class: 'of-found' }, results.map((one) => h('li', {}, h(
        'button', { type: 'button', title: texts.takeBundle, onclick: () => take(one.items) },
        h('span', {}, one.items.map((item) => item.name).join(' + '), h('br'), h('span', { class: 'st-mute st-small' }, one.words)),
        h('span', { class: 'st-num' }, one.price ? fill(texts.inAll, { amount: one.price }) : ''),
      )))) : '',
      working && !results.length ? h('p', { class: 'st-mute' }, texts.looking) : '',
      none && !working ? h('p', { class: 'st-mute' }, texts.noBundles) : '',
    );
    if (working && !results.length) setTimeout(() => { if (place.isConnected) look(); }, AGAIN);
  }
  return h('div', { class: 'of-further' }, button, place);
}
