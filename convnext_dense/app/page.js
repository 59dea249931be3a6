// Pointing at a line of the table, or at an object in the picture, highlights both;
// a click or the Enter key keeps it so.
() => {
  let kept = null;

  const highlight = (row) => {
    for (const part of document.querySelectorAll('[data-row]'))
      part.classList.toggle('cd-active', part.dataset.row === row);
    const veil = document.querySelector('.cd-veil');
    if (!veil) return;
    const shape = row && document.querySelector(`.cd-figure [data-row="${row}"]`);
    veil.setAttribute('d', shape ? veil.dataset.frame + shape.getAttribute('d') : '');
  };

  const rowAt = (event) => event.target.closest?.('[data-row]')?.dataset.row;

  const keep = (event) => {
    const row = rowAt(event);
    if (!row && !event.target.closest?.('.cd-figure')) return;
    kept = row === kept ? null : row;
    highlight(kept);
  };

  document.addEventListener('pointerover', (event) => highlight(rowAt(event) ?? kept));
  document.addEventListener('focusin', (event) => highlight(rowAt(event) ?? kept));
  document.addEventListener('click', keep);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Enter') keep(event);
  });
  // A redrawn picture comes without its highlight.
  const stage = document.querySelector('#cd-stage');
  new MutationObserver(() => highlight(kept)).observe(stage, {
    childList: true,
    subtree: true,
  });
}
