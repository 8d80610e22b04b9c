/** All methods as cards in sections. A card is one button; arrows walk from card to card. */
const figure = (card) => {
  if (card.map === null) return el("p", { class: "why" }, `Not here: ${card.whyNot}.`)
  const bar = el("span", { class: "track", "aria-hidden": "true" }, el("span", { style: `width: ${(100 * card.map).toFixed(1)}%` }))
  const length = card.bits === null ? null : el("span", { class: "bits" }, `${card.bits} bits`)
  return el("p", { class: "map" }, el("b", {}, card.map.toFixed(3)), el("span", {}, "mAP"), length, bar)
}

const labels = (card) =>
  card.multi === null ? "" : card.multi ? "several labels: yes" : "several labels: no"

const draw = (card, chosen, open) =>
  el(
    "button",
    {
      type: "button",
      class: `card${card.map === null ? " absent" : ""}${card.name === chosen ? " chosen" : ""}`,
      "data-testid": "method-card",
      "data-method": card.name,
      "aria-current": card.name === chosen ? "true" : null,
      onclick: () => open(card.name),
    },
    el(
      "span",
      { class: "head" },
      el("b", {}, card.label),
      card.year ? el("span", { class: "year" }, card.year) : null,
      card.name === chosen ? el("span", { class: "now" }, "● chosen") : null,
      card.reconstructed ? el("span", { class: "recon" }, "reconstruction") : null,
    ),
    card.loss ? el("span", { class: "loss" }, card.loss) : null,
    card.use ? el("span", { class: "use" }, card.use) : null,
    el("span", { class: "facts" }, [card.learns && `learns from ${card.learns}`, labels(card)].filter(Boolean).join(" · ")),
    figure(card),
  )

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  root.style.minHeight = ""
  const all = []
  const sections = data.sections.map((section) => {
    const cards = section.cards.map((card) => draw(card, data.chosen, (name) => setTriggerValue("open", name)))
    all.push(...cards)
    const title = el("h3", {}, section.title, " ", el("small", {}, section.note))
    return el("section", {}, section.title ? title : null, el("div", { class: "cards" }, ...cards))
  })
  root.replaceChildren(...sections)
  roving(root, all)
}
