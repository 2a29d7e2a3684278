// What stands beside the rule: how many, who, by which way they can be reached, and why somebody is in or not.
import { ask, fill, h, icon, latest, number, part, problem } from './dom.js';

export class Panel {
  constructor({ texts, urls, slug, rule }) {
    Object.assign(this, { texts, urls, slug, rule });
    this.person = null;
    const search = part('person');
    if (search) {
      const look = latest((signal, words) => this.people(signal, words), 250);
      search.addEventListener('input', () => look(search.value));
    }
    this.overlap = latest((signal) => this.overlaps(signal), 0);
    this.why = latest((signal, person) => this.reasons(signal, person), 0);
    part('overlap').addEventListener('toggle', () => part('overlap').open && this.overlap());
  }

  counting() {
    part('size').setAttribute('aria-busy', 'true');
  }

  show(answer) {
    const { texts } = this;
    const share = answer.total ? answer.size / answer.total : 0;
    const size = part('size');
    size.textContent = number(answer.size);
    size.removeAttribute('aria-busy');
    part('share').textContent = new Intl.NumberFormat(document.documentElement.lang, { style: 'percent', maximumFractionDigits: 1 }).format(share);
    part('bar').style.width = `${Math.min(share, 1) * 100}%`;
    part('words').textContent = answer.words;
    part('problem').textContent = '';
    part('channels').replaceChildren(
      ...answer.channels.filter((channel, index) => index < 2 || channel.size).flatMap((channel) => [h('dt', {}, fill(texts.reachableBy, { channel: channel.label })), h('dd', { class: 'st-num' }, number(channel.size))]),
      h('dt', {}, texts.countedIn), h('dd', { class: 'st-num' }, fill(texts.ms, { ms: number(answer.ms) })),
    );
    this.sample(answer.sample);
    if (part('overlap').open) this.overlap();
    if (this.person) this.why(this.person);
  }

  /** Say what keeps the rule from being counted, and where to sign in again if it is that. */
  problem(message, login = '') {
    const size = part('size');
    size.removeAttribute('aria-busy');
    size.textContent = '–';
    part('share').textContent = '';
    part('bar').style.width = '0';
    part('problem').replaceChildren(message, ...(login ? [' ', h('a', { class: 'st-link', href: login, target: '_blank', rel: 'noopener' }, this.texts.signIn)] : []));
    part('channels').replaceChildren();
    part('sample')?.replaceChildren();
    part('words').textContent = '';
  }

  sample(people) {
    const body = part('sample');
    if (!body) return;
    const { texts } = this;
    if (!people.length) {
      body.replaceChildren(h('tr', {}, h('td', { colspan: 3, class: 'st-mute' }, texts.nobody)));
      return;
    }
    body.replaceChildren(...people.slice(0, 6).map((person) => h('tr', {},
      h('th', { scope: 'row' }, person.url ? h('a', { class: 'st-strong', href: person.url }, person.name) : person.name,
        person.name !== person.customer && h('div', { class: 'st-mute st-small sb-id' }, person.customer)),
      h('td', { class: 'n' }, person.orders === null ? '–' : number(person.orders)),
      h('td', { class: 'n' }, person.revenue ?? '–'))));
  }

  async overlaps(signal) {
    const list = part('overlaps');
    list.setAttribute('aria-busy', 'true');
    const answer = await ask(this.urls.overlap, { rule: this.rule(), slug: this.slug }, signal);
    list.removeAttribute('aria-busy');
    if (!answer.ok) {
      list.replaceChildren(h('li', { class: 'st-mute' }, problem(answer, this.texts)));
      return;
    }
    const { size, segments } = answer.body;
    list.replaceChildren(...(segments.length ? segments.map((one) => h('li', {},
      h('span', {}, h('a', { class: 'st-strong', href: one.url }, one.name), h('div', { class: 'st-mute st-small' }, fill(this.texts.shareOfThese, { percent: Math.round((100 * one.both) / Math.max(size, 1)) }))),
      h('span', { class: 'st-num st-ink' }, number(one.both)))) : [h('li', { class: 'st-mute' }, this.texts.noOverlap)]));
  }

  // Why somebody is in -----------------------------------------------------------------------------------
  async people(signal, words) {
    const list = part('people');
    if (words.trim().length < 2) {
      list.replaceChildren();
      return;
    }
    const answer = await ask(`${this.urls.people}?q=${encodeURIComponent(words)}`, undefined, signal);
    const found = answer.ok ? answer.body.results : [];
    list.replaceChildren(...(found.length ? found.map((person) => h('li', {}, h('button', {
      type: 'button', class: 'sb-person', onclick: () => { part('person').focus(); this.about(person); },
    }, h('b', { class: 'st-strong' }, person.name), h('span', { class: 'st-mute st-small' }, person.customer)))) : [h('li', { class: 'st-mute' }, this.texts.nobodyFound)]));
  }

  about(person) {
    this.person = person;
    part('people').replaceChildren();
    part('person').value = person.name;
    this.why(person);
  }

  async reasons(signal, person) {
    const place = part('why');
    const answer = await ask(this.urls.why, { rule: this.rule(), customer: person.id, slug: this.slug }, signal);
    const { texts } = this;
    if (!answer.ok) {
      place.replaceChildren(h('p', { class: 'st-mute' }, problem(answer, texts)));
      return;
    }
    const { member, tree } = answer.body;
    place.replaceChildren(
      h('p', { class: 'st-strong' }, icon(member ? 'check_circle' : 'cancel'), fill(member ? texts.personIn : texts.personOut, { name: person.name })),
      h('ul', { class: 'sb-why' }, this.reason(tree)),
    );
  }

  reason(node) {
    const { texts } = this;
    const found = node.value === null || node.value === undefined ? '' : fill(texts.found, { value: shown(node.value, texts) });
    const words = texts.groupsOf[node.kind] || node.words;
    return h('li', { class: node.fits ? 'ok' : 'bad' },
      h('span', { class: 'sb-fits' }, icon(node.fits ? 'check' : 'close'), h('span', { class: 'sr-only' }, node.fits ? texts.fits : texts.fitsNot)),
      h('span', {}, words, found && h('span', { class: 'st-mute' }, ` · ${found}`)),
      node.parts?.length ? h('ul', { class: 'sb-why' }, node.parts.map((one) => this.reason(one))) : null);
  }
}

function shown(value, texts) {
  if (value === true) return texts.yes;
  if (value === false) return texts.no;
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value)) return new Date(value).toLocaleString(document.documentElement.lang);
  if (typeof value === 'string' && /^-?\d+\.\d+$/.test(value)) return number(Number(value));
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}
