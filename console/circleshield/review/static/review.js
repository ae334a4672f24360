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

// A slider beside each cut-off's number; what would change is asked of the server while it moves.
for (const box of document.querySelectorAll("[data-forecast]")) {
  const numbers = box.form.querySelectorAll("input[type=number]");
  let asked = null;
  let waiting = 0;
  const ask = () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      asked?.abort();
      asked = new AbortController();
      const query = new URLSearchParams([...numbers].map((number) => [number.name, number.value]));
      try {
        const reply = await fetch(`${box.dataset.forecast}?${query}`, { signal: asked.signal });
        if (reply.ok) document.getElementById("forecast").innerHTML = await reply.text();
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    }, 100);
  };
  for (const number of numbers) {
    const slider = document.getElementById(`slide_${number.name}`);
    slider.hidden = false;
    slider.addEventListener("input", () => { number.value = slider.value; ask(); });
    number.addEventListener("input", () => { slider.value = number.value; ask(); });
  }
  box.hidden = true;
}

// The bar of a training; the page is loaded again when it has ended.
for (const bar of document.querySelectorAll("[data-progress]")) {
  const look = async () => {
    const reply = await fetch(bar.dataset.progress).catch(() => null);
    if (reply?.status === 204) return location.reload();
    if (reply?.ok) bar.innerHTML = await reply.text();
    setTimeout(look, 1000);
  };
  setTimeout(look, 1000);
}
