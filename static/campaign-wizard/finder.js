// A box that narrows a long list of choices while one types.

export function finder(form) {
  for (const box of form.querySelectorAll('[data-finds]')) {
    const places = [...form.querySelectorAll(`[data-found="${box.dataset.finds}"]`)];
    box.addEventListener('input', (event) => {
      event.stopPropagation();
      const wanted = box.value.trim().toLocaleLowerCase();
      for (const place of places) place.hidden = Boolean(wanted) && !place.textContent.toLocaleLowerCase().includes(wanted);
    });
    box.addEventListener('keydown', (event) => { if (event.key === 'Enter') event.preventDefault(); });
  }
}
