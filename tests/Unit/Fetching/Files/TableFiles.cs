using System.IO.Compression;
using Apache.Arrow;
using Apache.Arrow.Compression;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;
using Field = Apache.Arrow.Field;

namespace Qmtl.Unit.Fetching.Files;

/// <summary>Writes files as other programs do: Feather as pandas, Parquet as most, and packs them.</summary>
internal static class TableFiles
{
    /// <summary>Feather with a column date of milliseconds in UTC, as freqtrade's, in batches of so many rows.</summary>
    public static byte[] Feather(long[] seconds, int rowsPerBatch, CompressionCodecType? codec, params (string Name, double?[] Values)[] columns)
    {
        var schema = new Schema(
            [
                new Field("date", new TimestampType(TimeUnit.Millisecond, "UTC"), nullable: true),
                .. columns.Select(column => new Field(column.Name, DoubleType.Default, nullable: true)),
            ],
            null);
        using var stream = new MemoryStream();
        var options = new IpcOptions { CompressionCodec = codec, CompressionCodecFactory = new CompressionCodecFactory() };
        using (var writer = new ArrowFileWriter(stream, schema, leaveOpen: true, options))
        {
            for (int row = 0; row < seconds.Length; row += rowsPerBatch)
            {
                Range rows = row..Math.Min(row + rowsPerBatch, seconds.Length);
                var dates = new TimestampArray.Builder(new TimestampType(TimeUnit.Millisecond, "UTC"));
                dates.AppendRange(seconds[rows].Select(DateTimeOffset.FromUnixTimeSeconds));
                IArrowArray[] arrays =
                [
                    dates.Build(),
                    .. columns.Select(column => column.Values[rows].Aggregate(new DoubleArray.Builder(), (array, value) => array.Append(value)).Build()),
                ];
                writer.WriteRecordBatch(new RecordBatch(schema, arrays, arrays[0].Length));
            }

            writer.WriteEnd();
        }

        return stream.ToArray();
    }

    /// <summary>Feather of columns of any types.</summary>
    public static byte[] Feather(params (string Name, IArrowArray Values)[] columns)
    {
        var schema = new Schema([.. columns.Select(column => new Field(column.Name, column.Values.Data.DataType, nullable: true))], null);
        using var stream = new MemoryStream();
        using (var writer = new ArrowFileWriter(stream, schema, leaveOpen: true))
        {
            writer.WriteRecordBatch(new RecordBatch(schema, columns.Select(column => column.Values), columns[0].Values.Length));
            writer.WriteEnd();
        }

        return stream.ToArray();
    }

    /// <summary>Parquet with a column of times of any type, in groups of so many rows.</summary>
    public static async Task<byte[]> ParquetAsync<T>(
        DataField time, T[] times, int rowsPerGroup, CompressionMethod method, params (DataField Field, double?[] Values)[] columns)
        where T : struct
    {
        using var stream = new MemoryStream();
        var options = new ParquetOptions { CompressionMethod = method };
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(
            new ParquetSchema([time, .. columns.Select(column => column.Field)]), stream, options))
        {
            for (int row = 0; row < times.Length; row += rowsPerGroup)
            {
                Range rows = row..Math.Min(row + rowsPerGroup, times.Length);
                using ParquetRowGroupWriter group = writer.CreateRowGroup();
                await group.WriteAsync<T>(time, times[rows]);
                foreach ((DataField field, double?[] values) in columns)
                {
                    await group.WriteAsync<double>(field, values[rows]);
                }
            }
        }

        return stream.ToArray();
    }

    /// <summary>Compressed by gzip.</summary>
    public static byte[] Gzip(byte[] content)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            gzip.Write(content);
        }

        return packed.ToArray();
    }

    /// <summary>A zip archive of files, each with that content.</summary>
    public static byte[] Zip(byte[] content, params string[] names)
    {
        using var packed = new MemoryStream();
        using (var archive = new ZipArchive(packed, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (string name in names)
            {
                using Stream entry = archive.CreateEntry(name).Open();
                entry.Write(content);
            }
        }

        return packed.ToArray();
    }
}
