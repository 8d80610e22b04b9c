/** Rankings side by side. Pointing at an image picks it out in every column where it is shown. */

const spoken = (card, place, name, letter) => {
  const rank = card.kind === "lost" ? "" : `Rank ${place + 1} in ${letter}: `
  const parts = [card.d === "" ? "" : `distance ${card.d}`, verdictWord(card), card.said ?? ""]
  return `${rank}${[name, ...parts].filter(Boolean).join(", ")}. Search with this image.`
}

const verdictWord = (card) => (card.right === null ? "" : card.right ? "right" : "wrong")

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")

  const thumbOf = (row) => data.thumb.replace("{row}", row)
  const draw = (card, place, letter) => {
    const name = card.tags.map((t) => data.names[t]).join(", ") || (data.names.length ? "no tag" : `d${card.row}`)
    const verdict = verdictWord(card)
    return el(
      "button",
      {
        class: `card ${verdict}`,
        type: "button",
        "data-row": card.row,
        "data-kind": card.kind,
        "data-testid": "compare-card",
        "aria-label": spoken(card, place, name, letter),
        title: [name, `d${card.row}`, card.said].filter(Boolean).join(" · "),
        onclick: () => setTriggerValue("pick", `d${card.row}`),
      },
      el("img", { src: served(thumbOf(card.row)), alt: name, width: 84, height: 84, decoding: "async" }),
      el(
        "span",
        { class: "line" },
        verdict ? el("span", { class: "verdict", "aria-hidden": "true" }, card.right ? "✓" : "✗") : null,
        el("span", { class: "name" }, name),
      ),
      el(
        "span",
        { class: "line" },
        el("span", { class: `mark ${card.kind ?? ""}` }, card.mark ?? `#${place + 1}`),
        el("span", { class: "d" }, card.d),
      ),
    )
  }
  const cards = []
  const list = (items, letter) => {
    const drawn = items.map((card, place) => draw(card, place, letter))
    cards.push(...drawn)
    const box = el("div", { class: "cards" }, ...drawn)
    roving(box, drawn)
    return box
  }
  const figure = ([name, value, note]) => {
    const told = el("dd", {}, el("b", {}, value), note ? el("span", {}, note) : null)
    return el("div", { class: "figure" }, el("dt", {}, name), told)
  }
  const column = (side) => {
    const lost = [el("h4", {}, `Lost from A's first ${side.cards.length}`), list(side.lost, side.letter)]
    const marked = side.letter === "A" ? "the others are marked against this one" : ""
    return el(
      "section",
      { "aria-label": `Ranking ${side.letter}: ${side.title}`, "data-testid": `column-${side.letter}` },
      el("h3", {}, el("b", { class: "letter" }, side.letter), ` ${side.title}`),
      el("dl", { class: "figures" }, ...side.figures.map(figure)),
      el("p", { class: "summary", "data-testid": "summary" }, [marked, side.summary].filter(Boolean).join(" · ")),
      list(side.cards, side.letter),
      ...(side.lost.length ? lost : []),
    )
  }

  root.replaceChildren(...data.columns.map(column))
  root.classList.toggle("pixels", data.pixelated)
  root.style.setProperty("--columns", data.columns.length)

  const pickOut = (row) => {
    for (const card of cards) card.classList.toggle("twin", row !== undefined && card.dataset.row === row)
  }
  root.onpointerover = (event) => pickOut(event.target.closest(".card")?.dataset.row)
  root.onpointerleave = () => pickOut(undefined)
  root.onfocusin = (event) => pickOut(event.target.closest(".card")?.dataset.row)
  root.onfocusout = () => pickOut(undefined)
}
