namespace Qmtl.Fetching.Csv;

/// <summary>A row of a CSV file that could not be read.</summary>
/// <param name="Line">The line on which the row ends, from 1.</param>
/// <param name="Message">What is wrong with it.</param>
public sealed record CsvProblem(long Line, string Message);
