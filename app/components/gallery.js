/**
 * The ranked results. One component for the whole gallery: ids, distances and codes come in, the picked id goes out.
 * Images at one distance form a group; runs of images that tie with nobody share a frame, so that long codes and real
 * distances do not spread one image per line.
 */

/** Neighbouring groups of one image each become one frame. */
function frames(groups) {
  const out = []
  let first = 0
  for (const [distance, total, right, shown] of groups) {
    const last = out.at(-1)
    if (total === 1 && last?.single) {
      last.to = distance
      last.total += 1
      // Unknown stays unknown: nothing is relevant to an upload.
      last.right = last.right === null ? null : last.right + right
      last.shown += 1
    } else {
      out.push({ from: distance, to: distance, total, right, shown, first, single: total === 1 })
    }
    first += shown
  }
  return out
}

function heading(frame, write) {
  const span = frame.from === frame.to ? `d=${write(frame.from)}` : `d=${write(frame.from)} to ${write(frame.to)}`
  const images = `${frame.total} image${frame.total === 1 ? "" : "s"}`
  const right = frame.right === null ? null : `${frame.right} right`
  const ties = frame.single && frame.total > 1 ? "no ties" : null
  const cut = frame.shown < frame.total ? `${frame.shown} shown` : null
  const rest = [images, ties, right, cut].filter(Boolean).join(" · ")
  return el("h3", { "data-testid": "tie-group" }, el("b", {}, span), el("span", {}, ` ${rest}`))
}

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  const hadFocus = root.contains(parentElement.activeElement)
  // Real distances in three digits; inner products are negative.
  const digits = (d) => (Math.abs(d) < 1000 ? d.toPrecision(3) : Math.round(d).toLocaleString("en"))
  const write = (d) => (data.kind === "binary" ? `${d}` : digits(d).replace("-", "−"))
  const bytes = bytesOf(data.codes)
  const width = data.rows.length ? bytes.length / data.rows.length : 0
  const queryBytes = bytesOf(data.query)
  const hasBits = data.kind !== "codebook"
  const queryBits = hasBits ? bitsOf(queryBytes, data.nBits) : null
  const asked = new Set(data.queryTags)
  const many = data.rows.some((_, i) => data.tags[i].length > 1)

  const strip = (i) => {
    const own = bytes.subarray(i * width, (i + 1) * width)
    if (!hasBits) {
      const differing = own.filter((word, k) => word !== queryBytes[k]).length
      return el("span", {}, wordStrip(own, queryBytes), el("span", { class: "d" }, `${differing} of ${width} words differ`))
    }
    const bits = bitsOf(own, data.nBits)
    const weights = data.weights ?? []
    const size = { cell: 3, height: weights.length ? 8 : 5, perRow: 32, gap: 0.5, groupGap: 0, weights }
    return bitStrip(bits, bits.map((bit, k) => bit ^ queryBits[k]), size)
  }
  const names = (i) => {
    if (!data.names.length) return [`d${data.rows[i]}`]
    if (!many) return [data.names[data.tags[i][0]] ?? "no tag"]
    // Shared tags first: they are why the image counts as right.
    const shared = data.tags[i].filter((t) => asked.has(t)).map((t) => data.names[t])
    return shared.length ? shared : data.tags[i].map((t) => data.names[t])
  }
  const card = (i) => {
    const right = data.right ? Boolean(data.right[i]) : null
    const verdict = right === null ? "" : right ? "right" : "wrong"
    const said = names(i).join(", ")
    const alt = data.alts?.[i] || data.tags[i].map((t) => data.names[t]).join(", ") || `database image ${data.rows[i]}`
    return el(
      "button",
      {
        class: `card ${verdict}`,
        "data-testid": "result",
        "data-row": data.rows[i],
        "aria-label": `Rank ${i + 1}: ${alt}, distance ${write(data.d[i])}${verdict && `, ${verdict}`}. Search with this image.`,
        title: `${alt} · d${data.rows[i]} · rank ${i + 1}`,
        onclick: (event) => {
          event.currentTarget.classList.add("picked")
          root.dataset.picked = data.rows[i]
          setTriggerValue("pick", `d${data.rows[i]}`)
        },
      },
      el("img", { src: served(data.thumb.replace("{row}", data.rows[i])), alt, width: 96, height: 96, decoding: "async" }),
      el(
        "span",
        { class: "line" },
        verdict ? el("span", { class: "mark", "aria-hidden": "true" }, right ? "✓" : "✗") : null,
        el("span", { class: many && right ? "name shared" : "name" }, said),
        el("span", { class: "d" }, write(data.d[i])),
      ),
      strip(i),
    )
  }

  const cards = data.rows.map((_, i) => card(i))
  const sections = frames(data.groups).map((frame) =>
    el(
      "section",
      {},
      heading(frame, write),
      el("div", { class: "cards" }, ...cards.slice(frame.first, frame.first + frame.shown)),
    ),
  )
  root.classList.toggle("pixels", data.pixelated)
  root.setAttribute("role", "group")
  root.setAttribute("aria-label", "Ranked results")
  root.replaceChildren(...sections)
  roving(root, cards)
  if (root.dataset.picked) {
    // The new answer is read from its start, wherever in the old one the click was.
    delete root.dataset.picked
    if (root.getBoundingClientRect().top < 0) root.scrollIntoView({ block: "start" })
  }
  if (hadFocus) cards[0]?.focus({ preventScroll: true })
}
