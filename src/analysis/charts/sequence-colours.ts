// Viridis without its pale end (Smith and van der Walt 2015): even steps of lightness, read alike with colour blindness.
const anchors = [
  [68, 1, 84],
  [65, 68, 135],
  [42, 120, 142],
  [34, 168, 132],
  [122, 209, 81],
  [208, 192, 0],
] as const;

/** `count` colours from dark to light, for values that have an order. One value gets the dark end. */
export function rampColours(count: number): string[] {
  return Array.from({ length: count }, (_, at) => {
    const place = count === 1 ? 0 : (at / (count - 1)) * (anchors.length - 1);
    const below = Math.min(anchors.length - 2, Math.floor(place));
    const channels = anchors[below].map((from, channel) =>
      Math.round(from + (place - below) * (anchors[below + 1][channel] - from)),
    );
    return `#${channels.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
  });
}
