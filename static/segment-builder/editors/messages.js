// What became of messages and coupons.
import { numeral, select, tokens } from '../inputs.js';
import { measure } from './measures.js';
import { WINDOW, windowOf } from './windows.js';

export function message(kit, node) {
  const { rule } = node;
  const { texts, schema } = kit;
  const at = (part) => `${node.id}:${part}`;
  const put = (part, change, redraw = true) => kit.set(node, part, change, redraw);
  const last = 'of_last' in rule;
  const range = select(at('range'), texts.when, [{ value: 'last', label: texts.ofTheLast }, { value: 'window', label: texts.inATime }], last ? 'last' : 'window', (kind) => put('range', (r) => {
    for (const name of ['of_last', 'zone', ...WINDOW]) delete r[name];
    if (kind === 'last') {
      r.of_last = 5;
      r.count ||= { eq: 0 };
    } else r.within_days = 30;
  }));
  return [
    ...measure(kit, at, rule, (part, change, redraw) => put(part, (r) => {
      change(r);
      if (r.never) {
        delete r.never;
        r.count = { eq: 0 };
      }
    }, redraw), ['count']),
    range,
    ...(last
      ? [numeral(at('ofLast'), texts.ofTheLast, rule.of_last, (read) => put('ofLast', (r) => { r.of_last = read; }, false), { unit: texts.sentOnes, whole: true, least: 1 })]
      : windowOf(kit, at, rule, put)),
    which(kit, node, 'campaign', texts.campaign, texts.anyCampaign),
    channels(kit, node, schema),
  ];
}

export function coupon(kit, node) {
  const { rule } = node;
  const { texts } = kit;
  const at = (part) => `${node.id}:${part}`;
  const put = (part, change, redraw = true) => kit.set(node, part, change, redraw);
  return [
    ...measure(kit, at, rule, put, ['count']),
    ...windowOf(kit, at, rule, put),
    which(kit, node, 'pool', texts.pool, texts.anyPool),
  ];
}

/** Which campaigns or pools; none named means any. */
function which(kit, node, name, label, placeholder) {
  return tokens(`${node.id}:${name}`, label, node.rule[name], (values) => kit.set(node, `${name}!`, (r) => {
    delete r[name];
    if (values.length) r[name] = values;
  }), { texts: kit.texts, suggest: kit.suggest(name), names: kit.names, placeholder });
}

/** One channel or any; a rule that came with several shows them all. */
function channels(kit, node, schema) {
  const { texts } = kit;
  const held = node.rule.channel;
  const several = Array.isArray(held) && held.length > 1;
  const label = (value) => schema.channels.find((one) => one.value === value)?.label || value;
  const options = [{ value: '', label: texts.anyChannel }, ...(several ? [{ value: 'several', label: held.map(label).join(texts.comma) }] : []), ...schema.channels];
  return select(`${node.id}:channel`, texts.channel, options, several ? 'several' : [].concat(held ?? '')[0] ?? '', (channel) => kit.set(node, 'channel', (r) => {
    if (channel === 'several') return;
    delete r.channel;
    if (channel) r.channel = channel;
  }));
}
