using Qmtl.History;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Recording;

[Collection(QuestDbCollection.Name)]
public sealed class QuestDbRecorderTests(QuestDbServer server) : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [QuestDbFact]
    public async Task Recorded_rows_can_be_read_from_questdb()
    {
        await server.ResetAsync();
        await StoreRecorderTests.RecordAndReadAsync(HistoryStoreFactory.Open(QuestDbServer.ConnectionString!), _folder.File("spool"));
    }

    public void Dispose() => _folder.Dispose();
}
