using System.Collections;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dmkd.Contracts.Settings;

/// <summary>
/// Channels of a network's layers, the first layer first; equal when all of them are. Text form: <c>16,32,64,64</c>; in
/// JSON an array.
/// </summary>
[GenerateSerializer, Immutable, Alias("dmkd.LayerWidths")]
[JsonConverter(typeof(Json)), CollectionBuilder(typeof(LayerWidths), nameof(Of))]
public sealed class LayerWidths : IReadOnlyList<int>, IEquatable<LayerWidths>
{
    private const int MaxLayers = 12;
    private const int MaxChannels = 2048; // a legacy network has twice as many

    [Id(0)]
    private readonly int[] _widths;

    private LayerWidths(int[] widths) => _widths = widths;

    /// <inheritdoc/>
    public int Count => _widths.Length;

    /// <inheritdoc/>
    public int this[int index] => _widths[index];

    /// <summary>Widths of layers.</summary>
    /// <param name="widths">Of each, the first layer first.</param>
    public static LayerWidths Of(ReadOnlySpan<int> widths) => new(widths.ToArray());

    /// <summary>Reads the text form.</summary>
    /// <param name="text">Such as <c>16,32,64</c>.</param>
    /// <exception cref="FormatException">Says what the text must be, without a name in front.</exception>
    public static LayerWidths Parse(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        string[] parts = text.Split(',', StringSplitOptions.TrimEntries);
        int[] widths =
        [
            .. parts.Select(part =>
                int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int width) ? width : 0
            ),
        ];
        if (widths.Length <= MaxLayers && widths.All(width => width is >= 1 and <= MaxChannels))
            return new LayerWidths(widths);
        throw new FormatException(
            $"must be 1 to {MaxLayers} numbers of 1 to {MaxChannels} channels, such as 16,32,64, not '{string.Join(',', parts)}'."
        );
    }

    /// <inheritdoc/>
    public bool Equals(LayerWidths? other) => other is not null && _widths.AsSpan().SequenceEqual(other._widths);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as LayerWidths);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (int width in _widths)
            hash.Add(width);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(',', _widths);

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => _widths.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private sealed class Json : JsonConverter<LayerWidths>
    {
        public override LayerWidths Read(
            ref Utf8JsonReader reader,
            Type typeToConvert,
            JsonSerializerOptions options
        ) => new(JsonSerializer.Deserialize<int[]>(ref reader, options)!);

        public override void Write(Utf8JsonWriter writer, LayerWidths value, JsonSerializerOptions options) =>
            JsonSerializer.Serialize(writer, value._widths, options);
    }
}
