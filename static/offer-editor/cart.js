// The cart to try a promotion on: found products as lines, a customer, a moment; what the server makes of it.
import { ask, fill, h, icon, latest } from '../segment-builder/dom.js';
import { line } from '../segment-builder/inputs.js';

const KEPT = 'offer-cart';

/** Return the cart that was tried last in this window. */
export function kept() {
  try {
    return { lines: [], customer: '', at: '', channel: '', ...JSON.parse(sessionStorage.getItem(KEPT) || '{}') };
  } catch {
    return { lines: [], customer: '', at: '', channel: '' };
  }
}

/** Draw the cart's inputs into `place`. `changed()` asks the server anew; `again()` redraws. */
export function drawCart(place, cart, { texts, urls, inputs, about, sees, changed, again, form }) {
  const keep = () => {
    sessionStorage.setItem(KEPT, JSON.stringify(cart));
    changed();
  };
  const found = h('ul', { class: 'of-found', hidden: true });
  const load = latest(async (signal, words) => {
    const answer = await ask(`${urls.suggest}?kind=line&q=${encodeURIComponent(words)}`, undefined, signal);
    if (!answer.ok) return;
    found.hidden = !answer.body.results.length;
    found.replaceChildren(...answer.body.results.map((one) => h('li', {}, h(
      'button',
      {
        type: 'button',
        onclick: () => {
          const same = cart.lines.find((other) => other.sku === one.sku);
          if (same) same.quantity = String(Number(same.quantity || 0) + 1);
          else cart.lines.push({ sku: one.sku, name: one.name, quantity: '1', price: one.price || '1.00' });
          keep();
          again('cart:search');
        },
      },
      h('span', {}, one.name, h('span', { class: 'st-mute' }, ` ${one.sku}`)), h('span', { class: 'st-num' }, one.price || '–'),
    ))));
  }, 200);
  const search = h('input', {
    type: 'search', 'data-key': 'cart:search', 'aria-label': form.search, placeholder: form.search, autocomplete: 'off', class: 'sb-search',
    oninput: (event) => { if (event.target.value.trim().length > 1) load(event.target.value); else found.hidden = true; },
    onkeydown: (event) => {
      if (event.key === 'ArrowDown' && !found.hidden) { event.preventDefault(); found.querySelector('button')?.focus(); }
      if (event.key === 'Enter') { event.preventDefault(); found.querySelector('button')?.click(); }
      if (event.key === 'Escape') found.hidden = true;
    },
  });
  found.addEventListener('keydown', (event) => {
    const all = [...found.querySelectorAll('button')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === 'Escape') { found.hidden = true; search.focus(); }
    if (!step) return;
    event.preventDefault();
    (all[all.indexOf(document.activeElement) + step] || search).focus();
  });
  const rows = cart.lines.map((row, index) => h(
    'li', { class: 'of-line' },
    h('span', { class: 'of-line-name' }, row.name || row.sku),
    ['quantity', 'price'].map((name) => h('input', {
      type: 'number', min: 0, step: name === 'price' ? 0.01 : 'any', value: row[name], 'data-key': `cart:${index}:${name}`, 'aria-label': `${texts[name]}: ${row.name || row.sku}`,
      oninput: (event) => { row[name] = event.target.value; keep(); },
    })),
    h('button', {
      type: 'button', class: 'st-btn sm sb-quiet', 'aria-label': `${texts.remove}: ${row.name || row.sku}`, 'data-key': `cart:${index}:remove`,
      onclick: () => { cart.lines.splice(index, 1); keep(); again('cart:search'); },
    }, icon('close')),
  ));
  const customer = sees && line('cart:customer', form.customer, cart.customer, (text) => { cart.customer = text.trim(); keep(); }, { suggest: about.suggest('customer') });
  const at = inputs.moment('cart:at', form.at, cart.at, (text) => { cart.at = text || ''; keep(); });
  const code = line('cart:code', form.code, cart.code, (text) => { cart.code = text.trim(); keep(); });
  const channel = line('cart:channel', form.channel, cart.channel, (text) => { cart.channel = text.trim(); keep(); }, { suggest: about.suggest('channel') });
  place.replaceChildren(
    h('div', { class: 'of-search-box' }, search, found),
    h('ul', { class: 'of-lines' }, rows),
    h(
      'div', { class: 'of-fields of-who' },
      sees ? inputs.labelled(form.customer, customer) : null, inputs.labelled(form.at, at), inputs.labelled(form.channel, channel), inputs.labelled(form.code, code),
    ),
    h('p', { class: 'sb-error', 'data-fault': 'cart' }),
  );
}

/** Draw what came of the cart. */
export function drawTried(place, tried, texts) {
  if (!tried) {
    place.replaceChildren(h('p', { class: 'st-mute' }, texts.emptyCart));
    return;
  }
  const verdict = tried.applies
    ? tried.own.replace(/[^1-9]/g, '') ? fill(texts.applies, { amount: tried.own }) : texts.appliesBeside
    : fill(texts.notApplies, { reason: tried.why_not });
  place.replaceChildren(
    h('p', { class: tried.applies ? 'of-verdict ok' : 'of-verdict bad' }, icon(tried.applies ? 'check_circle' : 'cancel'), h('span', {}, verdict)),
    h('p', { class: 'st-mute st-small' }, fill(texts.aloneSaves, { amount: tried.alone }), ' ', tried.others ? fill(texts.otherOffers, { count: tried.others }) : texts.noOthers, tried.complete ? '' : ` ${texts.notProven}`),
    h('ul', { class: 'of-result' }, tried.lines.map((one) => h(
      'li', {},
      h('div', { class: 'of-sum' }, h('span', { class: 'st-strong' }, `${one.quantity} × ${one.name}`), h('span', { class: 'st-num' }, one.reduced ? h('s', { class: 'st-mute' }, one.before) : null, ' ', one.after)),
      one.discounts.map((discount) => h('div', { class: discount.own ? 'of-sum of-own' : 'of-sum st-mute' }, h('span', {}, `${discount.name}: ${discount.reason}`), h('span', { class: 'st-num' }, discount.amount))),
      one.lowest ? h('div', { class: 'st-mute st-small' }, fill(texts.lowest, { price: one.lowest })) : null,
    ))),
    tried.extras.map((extra) => h('div', { class: extra.own ? 'of-sum of-own' : 'of-sum' }, h('span', {}, `${extra.name}: ${extra.reason}`))),
    h('dl', { class: 'st-facts of-total' }, [[texts.cartSum, tried.before], [texts.off, tried.discount], [texts.toPay, tried.total]].map(([name, value]) => [h('dt', {}, name), h('dd', { class: 'st-num' }, value)])),
    tried.code ? h(
      'p', { class: tried.code.applies ? 'of-coded ok' : 'of-coded' },
      tried.code.applies ? fill(texts.codeSaves, { name: tried.code.name, amount: tried.code.saves }) : fill(texts.codeNot, { name: tried.code.name, reason: tried.code.why_not }),
      tried.code.replaces.length ? ` ${fill(texts.codeReplaces, { names: tried.code.replaces.join(', ') })}` : '',
    ) : '',
    tried.not_applied.length ? h(
      'details', { class: 'st-more', open: tried.not_applied.length <= 4 },
      h('summary', {}, texts.others),
      h('ul', { class: 'of-reasons' }, tried.not_applied.map((one) => h('li', {}, h('span', { class: 'st-strong' }, one.name), ` – ${one.reason}`))),
    ) : '',
  );
}
