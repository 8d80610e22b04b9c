// The legend: what colours, sizes and marks mean. A click on a colour dims the others.

const SIZES = [1, 10, 100, 1000]

const hint = (name) => el("span", { class: name, "aria-hidden": "true" })
const entry = (sign, words, count) =>
  el(
    "span",
    { class: "entry" },
    sign,
    el("span", {}, words),
    count === undefined ? null : el("span", { class: "count" }, count.toLocaleString("en")),
  )

function swatch(colour) {
  const spot = hint("swatch")
  spot.style.background = colour
  return spot
}

function paintLegend(parts, scene, toggleFocus, toggleQueries) {
  const colours = scene.scheme.kind === "ap" ? apKey(scene) : categoryKey(scene, toggleFocus, toggleQueries)
  const entries = el("div", { class: "entries", role: "group", "aria-label": "Colours" }, ...colours)
  parts.legend.replaceChildren(entries, sizeKey(scene), el("p", { class: "keys" }, ...markKey(scene)))
}

function apKey({ scheme, theme }) {
  const ramp = hint("ramp")
  const stops = [0, 0.25, 0.5, 0.75, 1].map((ap) => apColour(ap, theme))
  ramp.style.background = `linear-gradient(to right, ${stops.join(",")})`
  const [database] = scheme.categories
  const scale = el("span", { class: "entry" }, el("span", {}, "AP of the query images: 0"), ramp, el("span", {}, "1"))
  return [entry(swatch(database.colour), database.name, database.count), scale]
}

function categoryKey({ g, scheme, focus, showQueries }, toggleFocus, toggleQueries) {
  const buttons = scheme.categories.map(({ name, colour, count }, c) => {
    const properties = {
      class: "entry",
      type: "button",
      "aria-pressed": focus.has(c) ? "true" : "false",
      "data-testid": "map-class",
      title: focus.has(c) ? `Stop picking out ${name}` : `Dim everything but ${name}`,
      onclick: () => toggleFocus(c),
    }
    return el("button", properties, ...entry(swatch(colour), name, count).childNodes)
  })
  const all = el("button", { class: "entry all", type: "button", onclick: () => toggleFocus(null) }, "show all")
  const box = el("input", { type: "checkbox", onchange: toggleQueries })
  box.checked = showQueries
  const queries = el("label", { class: "entry" }, box, ...entry(hint("rhomb"), "query images", g.nQuery).childNodes)
  return [...buttons, ...(focus.size ? [all] : []), queries]
}

function sizeKey({ g, view }) {
  if (g.maxSize === 1) return el("p", { class: "sizes" }, "One dot is one image: no two images share a code.")
  const steps = SIZES.filter((n) => n < g.maxSize).slice(0, 3)
  const grown = zoomGrowth(view)
  const spots = [...steps, g.maxSize].map((n) => {
    const spot = hint("dot")
    const diameter = (2 * Math.max(view.minRadius, view.unitRadius * Math.sqrt(n))) / grown
    spot.style.width = spot.style.height = `${diameter}px`
    return entry(spot, n.toLocaleString("en"))
  })
  const words = "One dot is one code; it grows with the number of images that share it:"
  return el("p", { class: "sizes" }, el("span", {}, words), ...spots)
}

function markKey({ scheme, hits, queryPoint }) {
  const judged = hits.some((hit) => hit.judged)
  const marks = []
  if (queryPoint !== null) marks.push(["query", "query"])
  if (hits.length && judged) marks.push(["right", "right neighbour"], ["wrong", "wrong neighbour, dashed line"])
  if (hits.length && !judged) marks.push(["plain", "neighbour"])
  if (scheme.kind === "class" || scheme.kind === "tag") marks.push(["pie", "several kinds share one code"])
  return marks.map(([name, words]) => entry(hint(`mark ${name}`), words))
}
