/** Output options of every track that goes through the box pass. Pure. */

/**
 * One fragment per keyframe, `moov` first and empty, offsets counted from the `moof`, times as they are
 * (no edit list, nothing moved to 0), no name of the program in the file.
 */
export function fragmentOptions(path: string): { options: string[]; path: string } {
  return {
    options: [
      ...["-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"],
      ...["-avoid_negative_ts", "disabled", "-use_editlist", "0"],
      ...["-movflags", "+frag_keyframe+empty_moov+default_base_moof+frag_discont+skip_trailer"],
      ...["-f", "mp4"],
    ],
    path,
  };
}
