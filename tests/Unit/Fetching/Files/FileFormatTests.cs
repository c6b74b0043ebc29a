using System.Globalization;
using System.Text;
using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;
using Qmtl.Data;
using Qmtl.Fetching;
using Qmtl.Fetching.Files;
using Qmtl.Time;
using Qmtl.Unit.Fixtures;

namespace Qmtl.Unit.Fetching.Files;

/// <summary>Files of all formats say the same bars, whatever they are called and however they are packed; what is damaged is refused.</summary>
public sealed class FileFormatTests : IDisposable
{
    private const int Rows = 2500;

    private static readonly StreamKey Stream = new("A", BarInterval.Parse("1m"));
    private static readonly long Start = UnixTime.Parse("2024-02-01T09:00:00Z").ToUnixTimeSeconds();
    private static readonly long[] Times = [.. Enumerable.Range(0, Rows).Select(row => Start + (60L * row))];
    private static readonly double?[] Opens = [.. Times.Select((_, row) => row % 7 == 3 ? (double?)null : 100 + (row / 8.0))];
    private static readonly double?[] Ratios = [.. Times.Select((_, row) => (double?)row)];

    private static IArrowArray Days => new Date32Array.Builder().Append(new DateTime(2024, 2, 1)).Build();

    private static IArrowArray Halves => new DoubleArray.Builder().Append(0.5).Build();

    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Forms =>
    [
        "csv", "json arrays", "json objects", "json lines", "feather", "feather lz4", "feather zstd", "parquet", "parquet snappy", "parquet zstd",
        "parquet gzip", "parquet milliseconds", "parquet local", "parquet int96",
    ];

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task All_formats_say_the_same_bars_also_packed(string form)
    {
        byte[] content = await WriteAsync(form);
        string format = form.Split(' ')[0];
        foreach ((string name, byte[] bytes) in new[]
        {
            ("a.bin", content), ("a.gz", TableFiles.Gzip(content)), ("a.zip", TableFiles.Zip(content, "folder/", "__MACOSX/x", "folder/a")),
        })
        {
            string path = Write(name, bytes);
            SourceKind kind = SourceFactory.OfFile(path);
            IDataFetcher fetcher = kind.Open(new() { Path = path, Header = form == "json arrays" ? ["ts", "open", "ratio"] : null });

            Assert.Equal(format, kind.Name);
            Assert.StartsWith($"{format}:{name}#", fetcher.Name, StringComparison.Ordinal);
            Assert.Equal(new TimeRange(Start, Times[^1]), fetcher.GetExtent(Stream));

            // In pages that begin and end anywhere, so that they cross groups of rows.
            for (int row = 0; row < Rows; row += 700)
            {
                int end = Math.Min(row + 700, Rows);
                RawBars bars = await fetcher.FetchAsync(Stream, new TimeRange(Times[row], Times[end - 1] + 59), CancellationToken.None);
                Assert.Equal(Times[row..end], bars.Timestamps.ToArray());
                Assert.Equal(["open", "ratio"], bars.Columns.Select(column => column.Name));
                Assert.Equal(Opens[row..end].Cast<object?>(), Enumerable.Range(0, end - row).Select(bars.Columns[0].GetValue));
                Assert.Equal(Ratios[row..end].Cast<object?>(), Enumerable.Range(0, end - row).Select(bars.Columns[1].GetValue));
                Assert.Equal(new TimeRange(Start, Times[^1]), bars.About);
            }
        }
    }

    // What 256 MiB and more are read in; a row's line here is about 40 bytes.
    [Theory]
    [InlineData(100)]
    [InlineData(5000)]
    [InlineData(1 << 20)]
    public void Json_lines_in_parts_are_what_they_are_at_once(int partSize)
    {
        string[] lines = [.. Enumerable.Range(0, Rows).Select(row => row switch
        {
            300 => string.Empty,
            700 => $$"""{"ts": {{Times[row]}}, "open": "late", "new": 1.5}""",
            701 => $$"""{"new": null, "ts": {{Times[row]}}, "flag": true}""",
            _ => string.Create(CultureInfo.InvariantCulture, $$"""{"ts": {{Times[row]}}, "open": {{row / 8.0}}, "whole": {{row}}}"""),
        })];
        FileContent content = FileContent.Of(Write("a.jsonl", Encoding.UTF8.GetBytes(string.Join('\n', lines))), CancellationToken.None);
        TableIndex whole = TableIndex.Of(content, JsonTable.Open(content, new FileReading(null, null, null), default), default);

        JsonLinesTable table = JsonLinesTable.Open(content, header: null, partSize, default);
        TableIndex parts = TableIndex.Of(content, table, default);

        Assert.Equal(partSize < 1 << 20, table.Groups.Count > 20);
        Assert.Equal(whole.Streams.ExtentOf(Stream), parts.Streams.ExtentOf(Stream));
        var all = new TimeRange(Start, Times[^1]);
        (RawBars expected, RawBars bars) = (whole.Read(Stream, all, default), parts.Read(Stream, all, default));
        Assert.Equal(expected.Timestamps.ToArray(), bars.Timestamps.ToArray());
        Assert.Equal(expected.Columns.Select(column => (column.Name, column.Type)), bars.Columns.Select(column => (column.Name, column.Type)));
        Assert.All(expected.Columns.Zip(bars.Columns), pair => Assert.Equal(ValuesOf(pair.First), ValuesOf(pair.Second)));
        Assert.Equal(expected.Notes, bars.Notes);

        static IEnumerable<object?> ValuesOf(BarColumn column) => Enumerable.Range(0, column.Length).Select(column.GetValue);
    }

    [Theory]
    [InlineData("{\"ts\": 60, \"open\": 1}\n{\"ts\": 120,\n\"open\"", "line 3")]
    [InlineData("{\"ts\": 60, \"open\": 1}\n{\"ts\": 120, \"open\": 1}\n{\"ts\": 180, \"open\": 2}\n7\n", "row 4")]
    [InlineData("{\"ts\": 60, \"a column with a long name\": 1, \"and one more\": 12345}\n", "no line break")]
    public void A_part_of_json_lines_that_cannot_be_read_is_refused_with_its_place_in_the_file(string text, string place)
    {
        FileContent content = FileContent.Of(Write("a.jsonl", Encoding.UTF8.GetBytes(text)), CancellationToken.None);

        var error = Assert.Throws<SourceException>(() => JsonLinesTable.Open(content, header: null, partSize: 30, default));

        Assert.Contains(place, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parquet snappy")]
    [InlineData("feather lz4")]
    [InlineData("feather zstd")]
    [InlineData("json objects")]
    public async Task A_file_that_is_cut_short_or_damaged_anywhere_is_refused_in_one_sentence(string form)
    {
        byte[] content = await WriteAsync(form);
        var random = new Random(11);
        for (int i = 0; i < 60; i++)
        {
            byte[] broken = i % 2 == 0 ? content[..random.Next(8, content.Length - 1)] : [.. content];
            for (int hit = 0; i % 2 == 1 && hit < 20; hit++)
            {
                broken[random.Next(8, broken.Length)] = (byte)random.Next(256);
            }

            string path = Write("broken", broken);
            try
            {
                // Where the damage only changed values, bars are read; it never ends in another exception.
                await new FileFetcher(path).FetchAsync(Stream, new TimeRange(Start, Times[^1] + 59), CancellationToken.None);
                Assert.Equal(1, i % 2);
            }
            catch (SourceException error)
            {
                Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
                Assert.InRange(error.Message.Length, path.Length + 10, path.Length + 400);
                Assert.DoesNotContain('\n', error.Message);
            }
        }
    }

    [Fact]
    public async Task Files_packed_one_after_the_other_are_one_file()
    {
        byte[] first = TableFiles.Gzip("ts,open\n60,1\n"u8.ToArray()), second = TableFiles.Gzip("120,2\n180,3\n"u8.ToArray());
        byte[] nothing = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        foreach (byte[] content in new byte[][] { [.. first, .. second], [.. first, .. second, .. nothing] })
        {
            RawBars bars = await new FileFetcher(Write("a.csv.gz", content)).FetchAsync(Stream, new TimeRange(60, 239), default);

            Assert.Equal([60, 120, 180], bars.Timestamps.ToArray());
        }

        foreach (byte[] content in new byte[][] { [.. first, .. second[..^4]], [.. first, .. second, .. nothing[..^4]], [.. first, 0x1F, 0x8B, 8] })
        {
            var error = await Assert.ThrowsAsync<SourceException>(
                () => new FileFetcher(Write("b.csv.gz", content)).FetchAsync(Stream, new TimeRange(60, 239), default));

            Assert.Contains("is damaged, cut short", error.Message, StringComparison.Ordinal);
        }
    }

    public static TheoryData<byte[], string> Refused => new()
    {
        { TableFiles.Gzip("ts,open\n60,1\n"u8.ToArray())[..^6], "cannot be unpacked: the archive is damaged, cut short" },
        { TableFiles.Zip("ts,open\n60,1\n"u8.ToArray(), "a.csv")[..60], "cannot be unpacked: the archive is damaged" },
        { TableFiles.Zip("ts,open\n60,1\n"u8.ToArray(), "a.csv", "b.csv"), "is a zip archive (or a spreadsheet, which is one) of 2 files." },
        { TableFiles.Zip([], "a.csv"), "holds an empty file" },
        { TableFiles.Gzip(TableFiles.Gzip("ts,open\n60,1\n"u8.ToArray())), "is compressed by gzip twice" },
        { TableFiles.Gzip(new byte[200 << 20]), "which no file of bars does" },
        { "PAR1"u8.ToArray(), "cannot be read as a Parquet file" },
        { "ARROW1\0\0"u8.ToArray(), "cannot be read as a Feather (Arrow) file" },
        { "[]"u8.ToArray(), "is JSON without a bar" },
        { "[1,2]"u8.ToArray(), "row 1: it is '1', and a bar is a list or an object" },
        { "[[60,1],[120]]"u8.ToArray(), "row 2: it has 1 values, and the first row 2" },
        { "[[60,1],{\"ts\":120}]"u8.ToArray(), "row 2: it is '{" },
        { "[[60,1],[120,2]]"u8.ToArray(), "its rows have no names, and their values are not the usual ones" },
        { "[{\"ts\":60,\"open\":1},"u8.ToArray(), "it is no JSON of bars, or damaged or cut short" },
        { "{\"schema\":1,\"name\":\"x\"}"u8.ToArray(), "no column holds the bars' time" },
        { "{\"open\":{\"0\":1},\"close\":{\"0\":1}}"u8.ToArray(), "there are open, close." },
        { "[{\"ts\":\"abc\",\"open\":1}]"u8.ToArray(), "no row can be read. Row 1: 'abc' in ts is no bar's open" },
        { "[{\"Date\":\"2024-02-01\",\"Time\":\"09:00\",\"open\":1}]"u8.ToArray(), "may stand in two columns, Date and Time, which is read of CSV only." },
        { "[{\"date\":\"2024-02-01\",\"hour\":9,\"open\":1}]"u8.ToArray(), "Make one column of date and time, and name it datetime." },
        { TableFiles.Feather(("date", Days), ("TIME", new Time32Array.Builder(TimeUnit.Second).Append(32_400).Build()), ("open", Halves)), "two columns, date and TIME" },
        { TableFiles.Feather(("date", Days), ("open", Halves), ("volume", new HalfFloatArray.Builder().Append((Half)1).Build())), "the column volume is of a type that is not read" },
        { TableFiles.Feather(("ts", new TimestampArray(new TimestampType(TimeUnit.Second, "UTC"), new ArrowBuffer.Builder<long>().Append(253_402_300_800).Build(), ArrowBuffer.Empty, 1, 0, 0))), "in ts is no bar's open" },
        { Encoding.UTF8.GetBytes($"[[{string.Join(',', Enumerable.Range(0, 1001))}]]"), "has 1001 columns in the first 1 rows" },
        { Encoding.UTF8.GetBytes($"{{{string.Join(',', Enumerable.Range(0, 1000).Select(name => $"\"c{name}\":1"))}}}{string.Concat(Enumerable.Repeat("{}", 70_000))}"), "1000 columns in the first 67109 rows" },
        { "FEA1...."u8.ToArray(), "is a Feather file of version 1" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task What_is_no_file_of_bars_is_refused_by_what_it_is(byte[] content, string message)
    {
        string path = Write("a.csv", content);

        SourceException error = await Assert.ThrowsAsync<SourceException>(() => new FileFetcher(path).FindExtentAsync(Stream, CancellationToken.None));

        Assert.StartsWith(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_zip_whose_content_was_changed_is_refused()
    {
        byte[] zip = TableFiles.Zip(Encoding.UTF8.GetBytes(string.Join('\n', Times.Select(time => $"{time},1"))), "a.csv");
        zip[200] ^= 0x55;

        Assert.Contains(
            "cannot be unpacked",
            (await Assert.ThrowsAsync<SourceException>(() => new FileFetcher(Write("a.zip", zip)).FindExtentAsync(Stream, CancellationToken.None))).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_kind_that_is_named_is_kept_to()
    {
        string path = Write("a.csv", await WriteAsync("parquet"));

        IDataFetcher fetcher = SourceFactory.Find("csv").Open(new() { Path = path });
        SourceException error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FindExtentAsync(Stream, CancellationToken.None));
        Assert.Contains("is no CSV file but a Parquet file. Leave the source's kind out", error.Message, StringComparison.Ordinal);
        error = await Assert.ThrowsAsync<SourceException>(
            () => new FileFetcher(new SourceOptions { Path = path, Culture = "de-DE" }).FetchAsync(Stream, new TimeRange(0, 59), CancellationToken.None));
        Assert.Contains("needs neither a delimiter nor a culture", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("parquet")]
    [InlineData("feather")]
    [InlineData("json objects")]
    public async Task A_header_for_a_file_that_has_names_is_refused(string form)
    {
        string path = Write("a", await WriteAsync(form));
        var fetcher = new FileFetcher(new SourceOptions { Path = path, Header = ["ts", "close", "open"] });

        SourceException error = await Assert.ThrowsAsync<SourceException>(() => fetcher.FindExtentAsync(Stream, CancellationToken.None));

        Assert.Contains("Leave the header out (-Header, --header)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decimals_are_numbers_a_better_time_makes_two_columns_do_and_a_time_beyond_the_calendar_is_null()
    {
        IArrowArray far = new TimestampArray(
            new TimestampType(TimeUnit.Second, "UTC"), new ArrowBuffer.Builder<long>().Append(253_402_300_800).Build(), ArrowBuffer.Empty, 1, 0, 0);
        string path = Write("a", TableFiles.Feather(
            ("ts", new Int64Array.Builder().Append(Start).Build()),
            ("date", Days),
            ("time", new StringArray.Builder().Append("09:00").Build()),
            ("open", new Decimal128Array.Builder(new Decimal128Type(20, 8)).Append(1.25m).Build()),
            ("volume", new Decimal256Array.Builder(new Decimal256Type(60, 8)).Append(-2.5m).Build()),
            ("expires", far)));

        RawBars bars = await new FileFetcher(path).FetchAsync(Stream, new TimeRange(Start, Start + 59), CancellationToken.None);

        Assert.Equal([Start], bars.Timestamps.ToArray());
        Assert.Equal([1.25, -2.5, null], new[] { "open", "volume", "expires" }.Select(name => bars.Columns.Single(column => column.Name == name).GetValue(0)));
        Assert.Contains(bars.Notes, note => note.Text.StartsWith("A time in expires of row 1 is not in the years 1 to 9999", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bad_cells_of_JSON_are_named_with_row_column_and_text_and_nodes_are_kept_apart()
    {
        string path = Write("a.json", """
            [{"timestamp":"2024-02-01T10:00:00+01:00","symbol":"A","close":"1.5","note":true},
             {"timestamp":"2024-02-01 09:01","symbol":"A","close":"abc","note":false},
             {"timestamp":"2024-02-01T09:02:00Z","symbol":"B","close":3,"extra":9007199254740993},
             {"timestamp":null,"symbol":"A","close":4}]
            """u8.ToArray());
        var fetcher = new FileFetcher(path);

        RawBars bars = await fetcher.FetchAsync(Stream, new TimeRange(Start, Start + 3599), CancellationToken.None);

        Assert.Equal([Start, Start + 60], bars.Timestamps.ToArray());
        Assert.Equal([("close", BarColumnType.Double), ("note", BarColumnType.Boolean), ("extra", BarColumnType.Long)], bars.Columns.Select(column => (column.Name, column.Type)));
        Assert.Equal(1.5, bars.Columns[0].GetValue(0));
        Assert.Contains(bars.Notes, note => note.Text.StartsWith("'abc' in close of row 2 is no number", StringComparison.Ordinal));
        Assert.Equal(new TimeRange(Start + 120, Start + 120), fetcher.GetExtent(new StreamKey("B", Stream.Interval)));
        UnreadableRow problem = Assert.Single(fetcher.Reading!.Problems);
        Assert.Equal((4, "'null' in timestamp is no bar's open", "row"), (problem.Line, problem.Message, fetcher.Reading.Place));
        Assert.Equal("ISO 8601, UTC where they have no offset", fetcher.Reading.TimestampFormat);
    }

    [SharedDataFact]
    public async Task Real_candles_are_the_same_as_CSV_and_packed()
    {
        string csv = SharedData.PathOf("ETHBTC-5m.csv");
        var stream = new StreamKey("ETHBTC", BarInterval.Parse("5m"));
        var plain = new FileFetcher(csv);
        var packed = new FileFetcher(Write("ETHBTC.csv.gz", TableFiles.Gzip(await File.ReadAllBytesAsync(csv))));
        TimeRange all = Assert.NotNull(plain.GetExtent(stream));

        RawBars expected = await plain.FetchAsync(stream, new TimeRange(all.Start, all.End + 299), CancellationToken.None);
        RawBars bars = await packed.FetchAsync(stream, new TimeRange(all.Start, all.End + 299), CancellationToken.None);

        Assert.Equal(all, packed.GetExtent(stream));
        Assert.Equal(expected.Timestamps.ToArray(), bars.Timestamps.ToArray());
        Assert.Equal(
            expected.Columns.SelectMany(column => Enumerable.Range(0, column.Length).Select(column.GetValue)),
            bars.Columns.SelectMany(column => Enumerable.Range(0, column.Length).Select(column.GetValue)));
    }

    private static Task<byte[]> WriteAsync(string form)
    {
        (DataField Field, double?[] Values)[] columns = [(new DataField<double>("Open", true), Opens), (new DataField<double>("ratio", true), Ratios)];
        var utc = new DateTimeDataField("Datetime", DateTimeFormat.Timestamp, isAdjustedToUTC: true, unit: DateTimeTimeUnit.Micros);
        DateTime[] dates = [.. Times.Select(time => DateTimeOffset.FromUnixTimeSeconds(time).UtcDateTime)];
        CompressionMethod method = form.Split(' ')[^1] switch
        {
            "snappy" => CompressionMethod.Snappy,
            "zstd" => CompressionMethod.Zstd,
            "gzip" => CompressionMethod.Gzip,
            _ => CompressionMethod.None,
        };
        return form switch
        {
            "csv" => Text("ts,open,ratio\n" + string.Join('\n', Times.Select((time, row) => $"{time},{Number(Opens[row], string.Empty)},{row}"))),
            "json arrays" => Text($"[{string.Join(",\n", Times.Select((time, row) => $"[{time}000,{Number(Opens[row], "null")},{row}]"))}]"),
            "json objects" => Text($"[{string.Join(",\n", Times.Select((time, row) => Object(time, row)))}]"),
            "json lines" => Text(string.Join('\n', Times.Select((time, row) => Object(time, row)))),
            "feather" => Task.FromResult(TableFiles.Feather(Times, 1000, null, ("open", Opens), ("ratio", Ratios))),
            "feather lz4" => Task.FromResult(TableFiles.Feather(Times, 1000, CompressionCodecType.Lz4Frame, ("open", Opens), ("ratio", Ratios))),
            "feather zstd" => Task.FromResult(TableFiles.Feather(Times, 1000, CompressionCodecType.Zstd, ("open", Opens), ("ratio", Ratios))),
            "parquet milliseconds" => TableFiles.ParquetAsync(
                new DataField<long>("timestamp", false), [.. Times.Select(time => time * 1000)], 1000, method, columns),
            "parquet local" => TableFiles.ParquetAsync(
                new DateTimeDataField("date", DateTimeFormat.Timestamp, isAdjustedToUTC: false, unit: DateTimeTimeUnit.Millis), dates, 1000, method, columns),
            "parquet int96" => TableFiles.ParquetAsync(new DateTimeDataField("ts", DateTimeFormat.Impala), dates, 1000, method, columns),
            _ => TableFiles.ParquetAsync(utc, dates, 1000, method, columns),
        };
    }

    private static string Object(long time, int row) => $$"""{"time":"{{UnixTime.Format(time)}}","open":{{Number(Opens[row], "null")}},"ratio":{{row}}}""";

    private static string Number(double? value, string none) => value?.ToString(CultureInfo.InvariantCulture) ?? none;

    private static Task<byte[]> Text(string text) => Task.FromResult(Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] content)
    {
        string path = _folder.File(name);
        File.WriteAllBytes(path, content);
        return path;
    }
}
