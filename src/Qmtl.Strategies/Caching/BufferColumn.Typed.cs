using System.Globalization;
using System.Runtime.CompilerServices;
using Qmtl.Data;

namespace Qmtl.Caching;

/// <inheritdoc/>
/// <typeparam name="T"><see cref="double"/>, <see cref="long"/>, <see cref="bool"/>, <see cref="string"/> or
/// <see cref="object"/>.</typeparam>
internal sealed class BufferColumn<T>(string name, int capacity) : BufferColumn(name)
{
    private static readonly T Null = typeof(T) == typeof(double) ? (T)(object)double.NaN : default!;

    private T[] _values = NewArray(capacity);

    // Never made for references, which are null by themselves.
    private bool[]? _nulls;

    public override Type ElementType => typeof(T);

    public override long ResidentBytes => ArraySize.Of<T>(_values.Length) + (_nulls is null ? 0 : ArraySize.Of<bool>(_nulls.Length));

    public ReadOnlySpan<T> Values(int position, int length) => _values.AsSpan(position, length);

    public override void Copy(ColumnSource? source, int row, int position, int length)
    {
        if (source is not ColumnSource<T> from)
        {
            SetNull(position, length);
            return;
        }

        Span<T> target = _values.AsSpan(position, length);
        from.Values.AsSpan(from.Offset + row, length).CopyTo(target);
        ReadOnlySpan<bool> marks = from.Nulls is null ? default : from.Nulls.AsSpan(from.NullsOffset + row, length);
        if (!marks.Contains(true))
        {
            _nulls?.AsSpan(position, length).Clear();
            return;
        }

        for (int i = 0; i < length; i++)
        {
            if (marks[i])
            {
                target[i] = Null;
            }
        }

        if (typeof(T).IsValueType)
        {
            _nulls ??= new bool[_values.Length];
            marks.CopyTo(_nulls.AsSpan(position, length));
        }
    }

    public override void Copy(ReadOnlySpan<MergeRun> runs, ColumnSource? held, ColumnSource? incoming, int end)
    {
        for (int i = runs.Length - 1; i >= 0; i--)
        {
            MergeRun run = runs[i];
            end -= run.Length;
            ColumnSource? source = run.IsIncoming ? incoming : held;
            if (run.Length == 1)
            {
                CopyRow(source, run.Start, end);
            }
            else
            {
                Copy(source, run.Start, end, run.Length);
            }
        }
    }

    public override void CopyRow(ColumnSource? source, int row, int position)
    {
        if (source is not ColumnSource<T> from || (from.Nulls is not null && from.Nulls[from.NullsOffset + row]))
        {
            SetNull(position, 1);
            return;
        }

        _values[position] = from.Values[from.Offset + row];
        if (_nulls is not null)
        {
            _nulls[position] = false;
        }
    }

    public override void Move(int from, int to, int length)
    {
        Array.Copy(_values, from, _values, to, length);
        if (_nulls is not null)
        {
            Array.Copy(_nulls, from, _nulls, to, length);
        }
    }

    public override void Relocate(int from, int length, int capacity)
    {
        T[] values = NewArray(capacity);
        Array.Copy(_values, from, values, 0, length);
        _values = values;
        if (_nulls is not null)
        {
            bool[] nulls = new bool[capacity];
            Array.Copy(_nulls, from, nulls, 0, length);
            _nulls = nulls;
        }
    }

    public override void Clear(int position, int length)
    {
        // What values would keep alive.
        if (!typeof(T).IsValueType)
        {
            Array.Clear(_values, position, length);
        }
    }

    public override ColumnSource AsSource(int position, int length) => new ColumnSource<T>(Name, _values, position, length, _nulls);

    public override object? GetValue(int position) => _nulls is not null && _nulls[position] ? null : _values[position];

    public override BarColumn ToBarColumn(int position, int length)
    {
        ReadOnlySpan<T> values = Values(position, length);
        bool[]? nulls = _nulls?.AsSpan(position, length).ToArray();
        return this is BufferColumn<object?> objects
            ? new BarColumn<string?>(Name, Array.ConvertAll(objects.Values(position, length).ToArray(), AsText))
            : new BarColumn<T>(Name, values.ToArray(), nulls);
    }

    private static string? AsText(object? value) => value is null ? null : Convert.ToString(value, CultureInfo.InvariantCulture);

    private static T[] NewArray(int length) =>
        RuntimeHelpers.IsReferenceOrContainsReferences<T>() ? new T[length] : GC.AllocateUninitializedArray<T>(length);

    private void SetNull(int position, int length)
    {
        _values.AsSpan(position, length).Fill(Null);
        if (typeof(T).IsValueType && length > 0)
        {
            _nulls ??= new bool[_values.Length];
            _nulls.AsSpan(position, length).Fill(true);
        }
    }
}
