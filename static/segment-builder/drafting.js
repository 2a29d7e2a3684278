// Beginnings: a sentence turned into conditions, and the gallery of ready-made segments.
import { ask, fill, h, icon, latest, part, problem } from './dom.js';
import * as tree from './tree.js';

export class Drafting {
  /** `edit(change)` changes the tree as one step, `say` tells whoever cannot see it. */
  constructor({ texts, page, edit, say }) {
    Object.assign(this, { texts, page, edit, say });
    const turn = latest((signal, sentence) => this.sentence(signal, sentence), 0);
    part('drafting').addEventListener('submit', (event) => {
      event.preventDefault();
      const sentence = part('sentence').value.trim();
      if (sentence) turn(sentence);
    });
    // The gallery comes later than the page, with its figures.
    part('templates').addEventListener('click', (event) => {
      const button = event.target.closest('[data-template]');
      if (button) this.template(page.templates.find((made) => made.slug === button.dataset.template));
    });
  }

  async sentence(signal, sentence) {
    const { texts } = this;
    const note = part('drafted');
    const answer = await ask(this.page.urls.draft, { sentence }, signal);
    if (!answer.ok) {
      note.replaceChildren(h('p', { class: 'sb-error' }, problem(answer, texts)));
      return;
    }
    const { rule, understood, unclear } = answer.body;
    const lines = [];
    if (understood.length) {
      if (part('drafting').elements.how.value === 'add') this.join(rule);
      else this.replace(rule);
      this.say(texts.drafted);
      lines.push(h('p', {}, icon('check'), texts.drafted));
    }
    if (unclear.length) lines.push(h('p', { class: 'sb-unclear' }, icon('help'), texts.notUnderstood, ' ', unclear.map((words, i) => [i ? texts.comma : '', h('q', {}, words)])));
    if (!lines.length) lines.push(h('p', { class: 'sb-unclear' }, icon('help'), texts.nothingUnderstood));
    note.replaceChildren(...lines);
  }

  template(made) {
    this.replace(made.rule);
    this.say(fill(this.texts.templateUsed, { name: made.name }));
    if (!part('name').value) part('name').value = made.name;
    part('templates').open = false;
    part('templates').querySelector('summary').focus();
  }

  replace(rule) {
    this.edit((root) => {
      const { every, not, nodes } = tree.read(rule);
      Object.assign(root, { every, not, nodes });
    });
  }

  /** Put conditions beside those that are there: all of the old ones, and the new. */
  join(rule) {
    this.edit((root) => {
      const made = tree.read(rule);
      if (!made.nodes.length) return;
      if (!root.every || root.not) {
        const before = tree.group(root.nodes, root.every, root.not);
        Object.assign(root, { every: true, not: false, nodes: before.nodes.length ? [before] : [] });
      }
      root.nodes.push(...(made.every && !made.not ? made.nodes : [made]));
    });
  }
}
