/** The image that asks: what it is, its code, how well it is answered, and the way back to earlier queries. */
const COPIED_FOR_MS = 1600

function codeLines(data) {
  const bytes = bytesOf(data.query)
  if (data.kind === "codebook") {
    return [
      el("p", { class: "caption" }, `${bytes.length} books, the word chosen in each`),
      wordStrip(bytes, null),
    ]
  }
  const bits = bitsOf(bytes, data.nBits)
  const ones = bits.reduce((sum, bit) => sum + bit, 0)
  const weights = data.weights ?? []
  const strip = bitStrip(bits, null, { cell: 16, height: 18, perRow: 16, gap: 2, groupGap: 4, weights })
  const text = Array.from(bits).join("").replace(/(.{4})/g, "$1 ").trim()
  strip.setAttribute("preserveAspectRatio", "xMinYMin")
  strip.setAttribute("role", "img")
  strip.removeAttribute("aria-hidden")
  strip.setAttribute("aria-label", `Code of ${data.nBits} bits: ${text}`)
  strip.setAttribute("data-testid", "query-bits")
  if (!weights.length) strip.append(...digits(bits))
  const told = weights.length ? `${data.nBits} weighted bits, ${ones} of them 1; the taller, the heavier` : `${data.nBits} bits, ${ones} of them 1`
  return [el("p", { class: "caption" }, told), strip]
}

/** The digit inside each cell, so that a bit is not told by its colour alone. */
function* digits(bits) {
  for (let i = 0; i < bits.length; i += 1) {
    const column = i % 16
    const text = document.createElementNS(SVG, "text")
    text.setAttribute("x", column * 16 + Math.floor(column / 4) * 4 + 7)
    text.setAttribute("y", Math.floor(i / 16) * 20 + 13)
    text.setAttribute("class", bits[i] ? "digit on" : "digit")
    text.textContent = bits[i]
    yield text
  }
}

function copyRow(data) {
  const label = el("span", { "aria-live": "polite" }, "Copy")
  const copy = el(
    "button",
    {
      class: "copy",
      "data-testid": "copy-code",
      title: "Copy the code in hexadecimal",
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(data.query)
          label.textContent = "Copied"
        } catch {
          label.textContent = "Select it by hand"
        }
        setTimeout(() => (label.textContent = "Copy"), COPIED_FOR_MS)
      },
    },
    label,
  )
  return el("div", { class: "hex" }, el("code", { "data-testid": "query-hex" }, data.query.replace(/(.{4})/g, "$1 ").trim()), copy)
}

/** On a narrow page only: unfolds what the strip has no room for. */
function detailsButton(root) {
  const open = () => root.classList.contains("open")
  const button = el("button", {
    class: "details",
    "data-testid": "query-details",
    "aria-expanded": open(),
    onclick: () => {
      root.classList.toggle("open")
      button.setAttribute("aria-expanded", open())
      button.textContent = open() ? "Less" : "More"
    },
  })
  button.textContent = open() ? "Less" : "More"
  return button
}

function trailRow(data, setTriggerValue) {
  if (!data.trail.length) return null
  const latest = data.trail.slice(-7)
  const skipped = data.trail.length - latest.length
  const thumbs = latest.map((step, i) =>
    el(
      "button",
      {
        class: "step",
        title: `Back to ${step.label}`,
        "aria-label": `Back to ${step.label}: ${step.alt}`,
        "data-testid": "trail-step",
        onclick: () => setTriggerValue("back", latest.length - i),
      },
      step.src ? el("img", { src: served(step.src), alt: "" }) : el("span", {}, step.label),
    ),
  )
  return el(
    "nav",
    { class: "trail", "aria-label": "Earlier queries" },
    el("button", { class: "back", "data-testid": "back", onclick: () => setTriggerValue("back", 1) }, "← Back"),
    skipped ? el("span", { class: "more" }, `+${skipped}`) : null,
    ...thumbs,
  )
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const image = el("img", {
    class: data.pixelated ? "query pixels" : "query",
    src: data.src.startsWith("data:") ? data.src : served(data.src),
    alt: data.alt,
    "data-testid": "query-image",
  })
  const figures = data.figures.map(([name, value, more]) =>
    el("div", {}, el("dt", {}, name), el("dd", {}, el("b", {}, value), more ? el("span", {}, ` ${more}`) : null)),
  )
  root.replaceChildren(
    el(
      "div",
      { class: "head" },
      image,
      el(
        "div",
        { class: "what" },
        el("h2", { "data-testid": "query-title" }, data.title),
        el("p", { class: "id" }, data.id, data.figures.length ? el("span", { class: "brief" }, ` · ${data.figures[0].slice(0, 2).join(" ")}`) : null),
        data.caption ? el("p", { class: "says" }, data.caption) : null,
        ...data.notes.map((note) => el("p", { class: "note" }, note)),
      ),
      detailsButton(root),
    ),
    el("div", { class: "code" }, ...codeLines(data), copyRow(data)),
    el("dl", { class: "figures", "data-testid": "query-figures" }, ...figures),
    ...[trailRow(data, setTriggerValue)].filter(Boolean),
  )
}
