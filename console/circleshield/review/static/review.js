// What makes the pages handier; without it everything still works by links and buttons.
"use strict";

// Keys: a button with data-key is pressed by it, unless something is being typed.
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.shiftKey || event.repeat) return;
  if (event.target.closest("input, select, textarea")) return;
  const button = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (button) {
    event.preventDefault();
    button.click();
  }
});
for (const hint of document.querySelectorAll(".keys, .ticks")) hint.hidden = false;

// One box for all of a page.
for (const all of document.querySelectorAll("[data-ticks]")) {
  all.addEventListener("change", () => {
    for (const box of all.form.querySelectorAll(`[type=checkbox][name="${all.dataset.ticks}"]`)) box.checked = all.checked;
  });
}

// A card that is swiped far enough presses the button of that side.
for (const card of document.querySelectorAll("[data-swipe]")) {
  const far = 90;
  let from = null;
  card.addEventListener("pointerdown", (event) => {
    from = event.pointerType === "mouse" || event.target.closest("button, a, summary") ? null : event;
  });
  card.addEventListener("pointermove", (event) => {
    if (!from) return;
    const across = event.clientX - from.clientX;
    card.classList.toggle("to-left", across < -far);
    card.classList.toggle("to-right", across > far);
  });
  const end = (event) => {
    if (!from) return;
    const across = event.clientX - from.clientX;
    const down = Math.abs(event.clientY - from.clientY);
    from = null;
    card.classList.remove("to-left", "to-right");
    if (event.type === "pointerup" && Math.abs(across) > far && Math.abs(across) > 2 * down) {
      card.querySelector(`[data-swipe-to="${across < 0 ? "left" : "right"}"]`).click();
    }
  };
  card.addEventListener("pointerup", end);
  card.addEventListener("pointercancel", end);
}
