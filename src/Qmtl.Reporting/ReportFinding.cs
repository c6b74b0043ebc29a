using Qmtl.Data;
using Qmtl.Time;

namespace Qmtl.Reporting;

/// <summary>What a test of the data found in a stream.</summary>
/// <param name="Stream">The stream.</param>
/// <param name="Rule">Which rule is broken, in a word or two.</param>
/// <param name="Range">The bars that break it, by their opens, both ends inside; null where it is the stream as a whole.</param>
/// <param name="Text">What is wrong, as a sentence.</param>
public sealed record ReportFinding(StreamKey Stream, string Rule, TimeRange? Range, string Text);
