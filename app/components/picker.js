/** A strip of images to choose a query from: one tab stop, arrows move, Enter picks. */
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const items = data.items.map((item) =>
    el(
      "button",
      {
        class: item.ref === data.chosen ? "item chosen" : "item",
        "data-testid": "pick",
        "data-ref": item.ref,
        "aria-label": `${item.alt}, ${item.ref}${item.word ? `, ${item.word}` : ""}. Use as query.`,
        "aria-pressed": item.ref === data.chosen ? "true" : "false",
        title: `${item.alt} · ${item.ref}`,
        onclick: () => setTriggerValue("pick", item.ref),
      },
      el("img", { src: served(data.thumb.replace("{row}", item.ref.slice(1))), alt: item.alt, width: 56, height: 56 }),
      item.word ? el("span", {}, item.word) : null,
    ),
  )
  if (data.more) {
    items.push(el("button", { class: "more", "data-testid": "pick-more", onclick: () => setTriggerValue("more", true) }, "Others"))
  }
  root.classList.toggle("pixels", data.pixelated)
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", "Images to search with")
  const scrolled = root.scrollLeft
  root.replaceChildren(...items)
  root.scrollLeft = scrolled
  roving(root, items)
}
