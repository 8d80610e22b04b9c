/** Parts that more than one component draws with. Joined in front of a component's own script. */
const SVG = "http://www.w3.org/2000/svg"

/** An element with properties and children; text becomes text, never markup. */
function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") node.className = value
    else if (name.startsWith("on")) node[name] = value
    else if (value !== null && value !== undefined && value !== false) node.setAttribute(name, value)
  }
  node.append(...children.filter((child) => child !== null && child !== undefined))
  return node
}

/** Absolute address of something that this server serves, whatever page or base path we are on. */
function served(path) {
  return new URL(path, document.querySelector("base")?.href ?? `${location.origin}/`).href
}

/** Bytes of a hexadecimal text. */
function bytesOf(hex) {
  return Uint8Array.from({ length: hex.length / 2 }, (_, i) => parseInt(hex.slice(2 * i, 2 * i + 2), 16))
}

/** Bits of packed bytes, highest bit first. */
function bitsOf(bytes, nBits) {
  return Uint8Array.from({ length: nBits }, (_, i) => (bytes[i >> 3] >> (7 - (i & 7))) & 1)
}

/**
 * Bits as a strip of cells: 1 in the accent, 0 pale, bits that differ from the query underlined in amber.
 * Cells stand in groups of four; rows hold `perRow` bits. With `weights`, 0 to 1, heavier bits are taller.
 */
function bitStrip(bits, differs, { cell, height, perRow, gap = 1, groupGap = 2, weights = [] }) {
  const group = 4
  const line = differs ? 3 : 0
  const rows = Math.ceil(bits.length / perRow)
  const width = Math.min(perRow, bits.length)
  const x = (column) => column * cell + Math.floor(column / group) * groupGap
  const rowHeight = height + line + 2
  const paths = { one: "", zero: "", differs: "" }
  bits.forEach((bit, i) => {
    const column = i % perRow
    const top = Math.floor(i / perRow) * rowHeight
    const tall = weights.length ? Math.max(1, height * weights[i]) : height
    paths[bit ? "one" : "zero"] += `M${x(column)} ${top + height - tall}h${cell - gap}v${tall}h${gap - cell}z`
    if (differs?.[i]) paths.differs += `M${x(column)} ${top + height + 1}h${cell - gap}v2h${gap - cell}z`
  })
  const svg = document.createElementNS(SVG, "svg")
  const w = x(width - 1) + cell
  svg.setAttribute("viewBox", `0 0 ${w} ${rows * rowHeight}`)
  svg.setAttribute("width", w)
  svg.setAttribute("height", rows * rowHeight)
  svg.setAttribute("class", "bits")
  svg.setAttribute("aria-hidden", "true")
  for (const [name, d] of Object.entries(paths)) {
    if (!d) continue
    const path = document.createElementNS(SVG, "path")
    path.setAttribute("d", d)
    path.setAttribute("class", name)
    svg.append(path)
  }
  return svg
}

/** Words of a codebook code in hexadecimal, one per book; words that differ from the query's underlined in amber. */
function wordStrip(words, queryWords) {
  return el(
    "span",
    { class: "words", "aria-hidden": "true" },
    ...Array.from(words, (word, i) => el("span", queryWords && word !== queryWords[i] ? { class: "differs" } : {}, word.toString(16).padStart(2, "0"))),
  )
}

/** Arrow keys, Home and End move one tab stop among `nodes`; up and down go to the nearest node of the next line. */
function roving(container, nodes) {
  nodes.forEach((node, i) => (node.tabIndex = i === 0 ? 0 : -1))
  const go = (event, to) => {
    if (!to) return
    event.preventDefault()
    nodes.forEach((node) => (node.tabIndex = -1))
    to.tabIndex = 0
    to.focus()
  }
  container.onkeydown = (event) => {
    const here = nodes.indexOf(event.target)
    if (here < 0) return
    const place = event.target.getBoundingClientRect()
    const line = (down) => {
      const rest = nodes.filter((node) => {
        const top = node.getBoundingClientRect().top
        return down ? top > place.top + 8 : top < place.top - 8
      })
      const tops = rest.map((node) => node.getBoundingClientRect().top)
      const next = down ? Math.min(...tops) : Math.max(...tops)
      const there = rest.filter((_, i) => Math.abs(tops[i] - next) < 8)
      const away = (node) => Math.abs(node.getBoundingClientRect().left - place.left)
      return there.sort((a, b) => away(a) - away(b))[0]
    }
    const moves = {
      ArrowRight: () => nodes[here + 1],
      ArrowLeft: () => nodes[here - 1],
      Home: () => nodes[0],
      End: () => nodes.at(-1),
      ArrowDown: () => line(true),
      ArrowUp: () => line(false),
    }
    if (moves[event.key]) go(event, moves[event.key]())
  }
}
