namespace Qmtl.History.QuestDb;

/// <summary>The way in which bars get into a QuestDB.</summary>
public enum QuestDbWritePath
{
    /// <summary>Nothing was written yet, so nothing was tried.</summary>
    Undecided,

    /// <summary>The InfluxDB line protocol over HTTP: the bulk path.</summary>
    IlpOverHttp,

    /// <summary>
    /// Prepared INSERT statements over the PostgreSQL wire, because the HTTP server cannot be used; several times slower.
    /// </summary>
    PostgreSqlWire,
}
