using System.Collections;
using System.Globalization;
using System.Text;

namespace Qmtl.Metrics.Collection;

/// <summary>The labels of one series, in the order in which the instrument gives them. Immutable; compared by content.</summary>
public sealed class LabelSet : IReadOnlyList<KeyValuePair<string, string>>, IEquatable<LabelSet>
{
    private readonly KeyValuePair<string, string>[] _labels;
    private readonly int _hash;

    /// <summary>The labels. Names are made fit for Prometheus.</summary>
    public LabelSet(IEnumerable<KeyValuePair<string, string>> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        _labels = [.. labels.Select(label => KeyValuePair.Create(PrometheusName.OfLabel(label.Key), label.Value))];
        _hash = HashOf(_labels);
        Encoded = Encode(_labels);
    }

    /// <summary>No label at all.</summary>
    public static LabelSet Empty { get; } = new([]);

    /// <inheritdoc/>
    public int Count => _labels.Length;

    /// <summary>The labels as they stand between the braces of the text formats, in UTF-8, escaped once and for all.</summary>
    internal ReadOnlyMemory<byte> Encoded { get; }

    /// <inheritdoc/>
    public KeyValuePair<string, string> this[int index] => _labels[index];

    /// <summary>Labels of an instrument's measurement.</summary>
    internal static LabelSet From(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = new KeyValuePair<string, string>[tags.Length];
        for (int i = 0; i < tags.Length; i++)
        {
            labels[i] = KeyValuePair.Create(tags[i].Key, TextOf(tags[i].Value));
        }

        return new LabelSet(labels);
    }

    /// <summary>Whether these are the labels of a measurement; allocates nothing where the values are text.</summary>
    internal bool Matches(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags.Length != _labels.Length)
        {
            return false;
        }

        for (int i = 0; i < tags.Length; i++)
        {
            if (!PrometheusName.IsLabel(tags[i].Key, _labels[i].Key) || TextOf(tags[i].Value) != _labels[i].Value)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The order in which series are written.</summary>
    internal static int Compare(LabelSet a, LabelSet b) => a.Encoded.Span.SequenceCompareTo(b.Encoded.Span);

    /// <summary>The hash that a set of these labels has.</summary>
    internal static int HashOf(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var hash = default(HashCode);
        foreach (KeyValuePair<string, object?> tag in tags)
        {
            hash.Add(TextOf(tag.Value));
        }

        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public bool Equals(LabelSet? other) => other is not null && _hash == other._hash && _labels.AsSpan().SequenceEqual(other._labels);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LabelSet);

    /// <inheritdoc/>
    public override int GetHashCode() => _hash;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<string, string>> GetEnumerator() => ((IEnumerable<KeyValuePair<string, string>>)_labels).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The labels as Prometheus writes them, for example <c>node_id="BTCUSDT",interval="60"</c>.</summary>
    public override string ToString() => Encoding.UTF8.GetString(Encoded.Span);

    private static int HashOf(KeyValuePair<string, string>[] labels)
    {
        var hash = default(HashCode);
        foreach (KeyValuePair<string, string> label in labels)
        {
            hash.Add(label.Value);
        }

        return hash.ToHashCode();
    }

    private static string TextOf(object? value) => value as string ?? Convert.ToString(value, CultureInfo.InvariantCulture) ?? string.Empty;

    private static byte[] Encode(KeyValuePair<string, string>[] labels)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in labels)
        {
            text.Append(text.Length == 0 ? string.Empty : ",").Append(name).Append("=\"");
            foreach (char character in value)
            {
                _ = character switch
                {
                    '\\' => text.Append(@"\\"),
                    '"' => text.Append("\\\""),
                    '\n' => text.Append(@"\n"),
                    _ => text.Append(character),
                };
            }

            text.Append('"');
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }
}
