/** The query's thumbnail, which leads to the search page, and the button that copies a link to this view. */
const COPIED_FOR_MS = 1600

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".root")
  if (!root.firstChild) {
    root.innerHTML = `
      <button class="query" data-testid="bar-query" title="Show this query on the search page"><img alt=""><span></span></button>
      <button class="share" data-testid="share" title="Copy a link to this view"><span aria-live="polite">Share</span></button>`
  }
  const [query, share] = root.querySelectorAll("button")
  const image = query.querySelector("img")
  const base = document.querySelector("base")?.href ?? `${location.origin}/`
  image.hidden = !data.src
  if (data.src) image.src = new URL(data.src, base).href
  image.alt = data.alt
  query.querySelector("span").textContent = data.label
  query.onclick = () => setTriggerValue("open", true)
  share.onclick = async () => {
    const link = `${location.origin}${location.pathname}?${data.share}`
    const label = share.querySelector("span")
    try {
      await navigator.clipboard.writeText(link)
      label.textContent = "Link copied"
    } catch {
      // Without permission for the clipboard the link goes where it can be copied by hand.
      history.replaceState(null, "", link)
      label.textContent = "Link is in the address bar"
    }
    setTimeout(() => (label.textContent = "Share"), COPIED_FOR_MS)
  }
}
