using System.Collections;
using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Contracts.Settings.Images;

namespace Dmkd.Contracts.Settings;

/// <summary>How nodes train experts.</summary>
[GenerateSerializer, Immutable, Alias("dmkd.TrainingSettings")]
public sealed record TrainingSettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [Id(0), Range(1, 100_000), Description("Rounds of local updates per task")]
    public int Rounds { get; init; } = 6;

    [Id(1), Range(1, 10_000), Description("Passes over a node's data per local update")]
    public int Epochs { get; init; } = 4;

    [Id(2), Range(1, 65_536), Description("Images per training step")]
    public int BatchSize { get; init; } = 32;

    [Id(3), Range(1e-8, 10.0), Description("Learning rate of a task's first round")]
    public double LearningRate { get; init; } = 2e-3;

    [Id(4), Range(0.0, 1000.0), Description("Weight of distillation in local updates (lambda)")]
    public double Lambda { get; init; }

    [Id(5), Description("Channels of an expert's layers, the first layer first")]
    public LayerWidths Widths { get; init; } = [16, 32, 64, 64];

    [
        Id(9),
        JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull),
        Description("Architecture of the networks, by name or as text; convolutional with the widths when not given")
    ]
    public string? Architecture { get; init; }

    [
        Id(6),
        Description("Show experts every training image in all four rotations, not a quarter of them in each"),
        DisplayName(ImageSettingNames.AllViewsOption),
        JsonPropertyName(ImageSettingNames.AllViewsField)
    ]
    public bool AllViews { get; init; } = true;

    [Id(7), Description("Train experts to know destroyed images, and score relative to that")]
    public bool UnknownOutput { get; init; }

    [Id(8), DataType("start"), Description("What a new task's expert starts from")]
    public string StartFrom { get; init; } = "previous";
#pragma warning restore CS1591
}

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

/// <summary>The model that a run trains first and takes apart, in place of a deprecated one (proposal 3.2).</summary>
[GenerateSerializer, Immutable, Alias("dmkd.LegacySettings")]
public sealed record LegacySettings : IFlatSection
{
#pragma warning disable CS1591 // the descriptions are the documentation
    [
        Id(0),
        Range(0, 1000),
        Description("First tasks that the legacy model knows; 0 for no legacy model"),
        DisplayName("legacy-tasks"),
        JsonPropertyName("LegacyTasks")
    ]
    public int Tasks { get; init; } = 2;

    [
        Id(1),
        Range(1, 10_000),
        Description("Passes over its data when the legacy model is trained"),
        DisplayName("legacy-epochs"),
        JsonPropertyName("LegacyEpochs")
    ]
    public int Epochs { get; init; } = 8;

    [
        Id(2),
        Range(1, 10_000),
        Description("Passes over the legacy owner's images of its classes when a preserved expert is distilled")
    ]
    public int DistillationEpochs { get; init; } = 4;

    [Id(3), Range(0.0, 1.0), Description("Share of legacy weights in preserved experts (alpha)")]
    public double Alpha { get; init; } = 0.5;
#pragma warning restore CS1591
}
