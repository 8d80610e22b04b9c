/** Books of words as rows of shaded cells. A long book is broken into lines where the page is narrow. */
const STEPS = 16
const HEAD = 30

const shape = (tag, attributes) => {
  const node = document.createElementNS(SVG, tag)
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value)
  return node
}

/** Where cells lie in a page `width` pixels wide. */
function layout(data, width) {
  const room = width - HEAD - 2
  let perLine = data.nWords
  while (perLine > 8 && room / perLine < 5) perLine /= 2
  const lines = data.nWords / perLine
  const cell = Math.min(room / perLine, 44)
  const height = lines > 1 ? 11 : data.nBooks > 16 ? 14 : 22
  const gap = lines > 1 ? 7 : 4
  const book = lines * height + gap
  const at = (b, place) => ({
    x: HEAD + (place % perLine) * cell,
    y: 1 + b * book + Math.floor(place / perLine) * height,
  })
  const found = (x, y) => {
    const b = Math.floor((y - 1) / book)
    const line = Math.floor((y - 1 - b * book) / height)
    const column = Math.floor((x - HEAD) / cell)
    const inside = b >= 0 && b < data.nBooks && line < lines && column >= 0 && column < perLine
    return inside ? [b, line * perLine + column] : null
  }
  return { perLine, lines, cell, height, book, at, found, width, total: data.nBooks * book + 2 }
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const order = bytesOf(data.order)
  const steps = bytesOf(data.steps)
  const { nWords } = data
  const index = (b, place) => b * nWords + place
  const placeOf = (b, word) => order.subarray(b * nWords, (b + 1) * nWords).indexOf(word)
  const write = (value) => (Number.isInteger(value) ? value.toLocaleString("en") : `${value}`.replace("-", "−"))
  const say = (b, place) => `Book ${b}, word ${order[index(b, place)]}: ${write(data.values[index(b, place)])} ${data.unit}`

  let chosen = data.chosen ? [data.chosen[0], placeOf(...data.chosen)] : null
  const resting = () => (chosen ? say(...chosen) : "Point at a cell to read it.")
  const told = el("output", { "aria-live": "polite", "data-testid": "grid-told" }, resting())
  const kinds = new Set(data.marks.map((mark) => mark[2]))
  const keys = [
    kinds.has("query") ? el("span", {}, el("span", { class: "key query" }), "the query's own word") : null,
    kinds.has("image") ? el("span", {}, el("span", { class: "key" }), "the image's word") : null,
  ]
  const legend = el("span", { class: "legend" }, data.legend[0], el("i", {}), data.legend[1])
  const svg = shape("svg", {
    class: data.chosen ? "pickable" : "",
    "aria-label": data.chosen ? `${data.label}. Arrow keys move, Enter chooses.` : data.label,
    role: data.chosen ? "application" : "img",
    "data-testid": "word-grid",
    ...(data.chosen ? { tabindex: 0 } : {}),
  })
  root.replaceChildren(el("p", { class: "told" }, told, ...keys, legend), svg)

  let place = null
  let at = null
  const ring = (b, p, kind, inset = 0) => {
    const { x, y } = place.at(b, p)
    const [w, h] = [Math.max(place.cell, 6), place.height]
    const left = x + (place.cell - w) / 2
    return shape("rect", {
      class: `ring ${kind}`,
      x: left + inset,
      y: y + inset,
      width: w - 2 * inset,
      height: h - 2 * inset,
    })
  }

  const draw = () => {
    const width = Math.floor(root.clientWidth)
    if (!width || place?.width === width) return
    place = layout(data, width)
    svg.setAttribute("width", width)
    svg.setAttribute("height", place.total)
    const paths = Array.from({ length: STEPS + 1 }, () => "")
    const gap = place.cell > 10 ? 1 : place.cell > 4 ? 0.5 : 0
    const parts = []
    for (let b = 0; b < data.nBooks; b += 1) {
      const { x, y } = place.at(b, 0)
      const tall = place.lines * place.height
      const head = shape("text", { class: "head", x: HEAD - 8, y: y + Math.min(tall, 22) / 2 })
      head.textContent = b
      parts.push(head, shape("rect", { class: "ground", x, y, width: place.perLine * place.cell, height: tall }))
      for (let p = 0; p < nWords; p += 1) {
        const cell = place.at(b, p)
        const w = (place.cell - gap).toFixed(2)
        const h = place.height - (place.lines > 1 ? 1 : 0)
        paths[steps[index(b, p)]] += `M${cell.x.toFixed(2)} ${cell.y}h${w}v${h}h-${w}z`
      }
    }
    paths.forEach((d, step) => {
      if (step && d) parts.push(shape("path", { class: "cells", d, "fill-opacity": (0.08 + (0.92 * (step - 1)) / (STEPS - 1)).toFixed(3) }))
    })
    for (const [b, word, kind] of data.marks) {
      const inset = kind === "image" && data.marks.some((m) => m[0] === b && m[1] === word && m[2] === "query") ? 2.5 : 0
      parts.push(ring(b, placeOf(b, word), kind, inset))
    }
    svg.replaceChildren(...parts)
    rings()
  }
  const rings = () => {
    for (const old of svg.querySelectorAll(".ring.chosen, .ring.at")) old.remove()
    if (chosen) svg.append(ring(...chosen, "chosen"))
    if (at) svg.append(ring(...at, "at"))
  }
  const point = (cell) => {
    if (cell?.join() === at?.join()) return
    at = cell
    told.textContent = cell ? say(...cell) : resting()
    rings()
  }
  const pick = (cell) => {
    if (!data.chosen || !cell) return
    chosen = cell
    rings()
    told.textContent = say(...cell)
    setTriggerValue("pick", `${cell[0]},${order[index(...cell)]}`)
  }
  const under = (event) => {
    const box = svg.getBoundingClientRect()
    return place.found(event.clientX - box.left, event.clientY - box.top)
  }
  svg.onpointermove = (event) => point(under(event))
  svg.onpointerleave = () => point(null)
  svg.onclick = (event) => {
    point(under(event))
    pick(under(event))
  }
  svg.onblur = () => point(null)
  svg.onkeydown = (event) => {
    const [b, p] = at ?? chosen ?? [0, 0]
    const moves = {
      ArrowRight: [b, Math.min(p + 1, nWords - 1)],
      ArrowLeft: [b, Math.max(p - 1, 0)],
      ArrowDown: [Math.min(b + 1, data.nBooks - 1), p],
      ArrowUp: [Math.max(b - 1, 0), p],
      Home: [b, 0],
      End: [b, nWords - 1],
    }
    if (moves[event.key]) point(moves[event.key])
    else if (event.key === "Enter" || event.key === " ") pick(at ?? chosen)
    else return
    event.preventDefault()
  }
  draw()
  const watched = new ResizeObserver(draw)
  watched.observe(root)
  return () => watched.disconnect()
}
