namespace Qmtl.Streams;

/// <summary>When a node of several inputs computes.</summary>
public enum NodeTrigger
{
    /// <summary>
    /// Whenever one of its inputs has something new. At a time that several inputs have bars of, it computes as each comes, with the
    /// bars before of those that have not come yet; the last result of that time is the one from all of them.
    /// </summary>
    EachInput,

    /// <summary>
    /// Once all of its inputs have something of that time: of each the newest bar is the one that the time lies in. A time that one of them
    /// has no bar or no result of is left out. What comes again after that, such as an update of a live bar, makes it compute again.
    /// </summary>
    AllInputs,
}
