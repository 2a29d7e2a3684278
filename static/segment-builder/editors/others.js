// Membership of other segments, a share by chance, a place in a ranking.
import { fill, h } from '../dom.js';
import { line, numeral, select } from '../inputs.js';
import * as tree from '../tree.js';

export function segment(kit, node) {
  const { texts, schema } = kit;
  const known = schema.segments.map((one) => ({ value: one.slug, label: one.name }));
  return [
    select(`${node.id}:in`, texts.membership, [{ value: '', label: texts.isIn }, { value: 'not', label: texts.isNotIn }], node.not ? 'not' : '', (value) => kit.set(node, 'in', (_rule, held) => { held.not = value === 'not'; })),
    select(`${node.id}:value`, texts.segment, [{ value: '', label: texts.choose }, ...known], node.rule.segment, (slug) => kit.set(node, 'value', (r) => { r.segment = slug; })),
  ];
}

export function share(kit, node) {
  const { texts } = kit;
  const { share: held } = node.rule;
  const set = (part, change) => kit.set(node, part, (r) => change(r.share), false);
  return [
    numeral(`${node.id}:percent`, texts.share, held.percent, (read) => set('percent', (r) => { r.percent = read; }), { unit: '%' }),
    h('span', {}, texts.shareFrom),
    numeral(`${node.id}:from`, texts.shareFrom, held.from || 0, (read) => set('from', (r) => {
      delete r.from;
      if (read) r.from = read;
    }), { unit: '%', least: 0 }),
    line(`${node.id}:salt`, texts.salt, held.salt, (salt) => set('salt', (r) => { r.salt = salt; })),
    h('span', { class: 'st-mute st-small' }, texts.shareNote),
  ];
}

export function top(kit, node) {
  const { texts, schema } = kit;
  const { top: held } = node.rule;
  const by = 'percent' in held ? 'percent' : 'n';
  const set = (part, change, redraw = true) => kit.set(node, part, (r) => change(r.top), redraw);
  return [
    select(`${node.id}:order`, texts.order, [{ value: 'desc', label: texts.highest }, { value: 'asc', label: texts.lowest }], held.order || 'desc', (order) => set('order', (r) => { r.order = order; })),
    numeral(`${node.id}:n`, texts.people, held[by], (read) => set('n', (r) => { r[by] = read; }, false), { whole: by === 'n', least: by === 'n' ? 1 : null }),
    select(`${node.id}:by`, texts.unit, [{ value: 'n', label: texts.peopleUnit }, { value: 'percent', label: '%' }], by, (kind) => set('by', (r) => {
      const value = r[by];
      delete r[by];
      r[kind] = kind === 'percent' ? Math.min(value || 10, 100) : Math.max(1, Math.round(value || 100));
    })),
    h('span', { class: 'sb-inline' }, h('span', {}, texts.by), select(`${node.id}:figure`, texts.ofFigure, figures(kit), held.field, (name) => set('figure', (r) => { r.field = name; }))),
    h('span', { class: 'sb-inline' }, h('span', {}, texts.among), select(`${node.id}:of`, texts.among, [
      { value: '', label: texts.everyone }, { value: '*', label: texts.ownRule },
      ...schema.segments.map((one) => ({ value: one.slug, label: one.name })),
    ], node.of ? '*' : held.of?.segment || '', (chosen) => kit.set(node, 'of', (r, leaf) => among(kit, leaf, chosen)))),
  ];
}

/** Rank among everyone, a segment, or those who fit conditions of their own, which stand below. */
function among(kit, node, chosen) {
  const before = node.rule.top.of;
  delete node.rule.top.of;
  if (chosen === '*') {
    // Who comes from a segment goes on from there.
    node.of ||= tree.group([tree.leaf(before || kit.subjects.begin('event:purchase'))]);
    return;
  }
  node.of = null;
  if (chosen) node.rule.top.of = { segment: chosen };
}

/** Whatever people can be ranked by: numbers and dates. */
function figures(kit) {
  const { schema, texts } = kit;
  return schema.fields.filter((field) => field.kind === 'number' || field.kind === 'moment').flatMap((field) => {
    if (field.keys) return field.keys.map((key) => ({ value: `${field.name}.${key.value}`, label: fill(texts.keyed, { field: field.label, key: key.label }) }));
    return field.any_key ? [] : [{ value: field.name, label: field.label }];
  });
}
