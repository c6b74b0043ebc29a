using Qmtl.Data;

namespace Qmtl.Recording.Spooling;

/// <summary>A column to which recorded rows are appended.</summary>
internal abstract class GatheredColumn
{
    public static GatheredColumn Create(ShapeColumn column) => column.Type switch
    {
        BarColumnType.Double => new Fixed<double>(column.Name),
        BarColumnType.Long => new Fixed<long>(column.Name),
        BarColumnType.Boolean => new Fixed<bool>(column.Name),
        _ => new Texts(column.Name),
    };

    /// <summary>Appends the values of a record.</summary>
    public abstract void Decode(ref RecordReader reader, int count, bool hasMarks);

    /// <summary>Appends a value of a column of the same type.</summary>
    public abstract void Append(GatheredColumn other, int row);

    /// <summary>The column.</summary>
    public abstract BarColumn Build();

    private sealed class Fixed<T>(string name) : GatheredColumn
        where T : unmanaged
    {
        private readonly List<T> _values = [];

        // As long as the values, or empty: most columns never have a null.
        private readonly List<bool> _nulls = [];

        public override void Decode(ref RecordReader reader, int count, bool hasMarks)
        {
            if (hasMarks)
            {
                MarkNone();
                _nulls.AddRange(reader.Read<bool>(count));
                reader.SkipPadding();
            }
            else if (_nulls.Count > 0)
            {
                _nulls.AddRange(new bool[count]);
            }

            _values.AddRange(reader.Read<T>(count));
            reader.SkipPadding();
        }

        public override void Append(GatheredColumn other, int row)
        {
            var column = (Fixed<T>)other;
            bool isNull = column._nulls.Count > 0 && column._nulls[row];
            if (isNull)
            {
                MarkNone();
            }

            if (isNull || _nulls.Count > 0)
            {
                _nulls.Add(isNull);
            }

            _values.Add(column._values[row]);
        }

        public override BarColumn Build() => new BarColumn<T>(name, _values.ToArray(), _nulls.ToArray());

        private void MarkNone()
        {
            if (_nulls.Count == 0)
            {
                _nulls.AddRange(new bool[_values.Count]);
            }
        }
    }

    private sealed class Texts(string name) : GatheredColumn
    {
        private readonly List<string?> _values = [];

        public override void Decode(ref RecordReader reader, int count, bool hasMarks)
        {
            for (int row = 0; row < count; row++)
            {
                _values.Add(reader.ReadText());
            }

            reader.SkipPadding();
        }

        public override void Append(GatheredColumn other, int row) => _values.Add(((Texts)other)._values[row]);

        public override BarColumn Build() => new BarColumn<string?>(name, _values.ToArray());
    }
}
