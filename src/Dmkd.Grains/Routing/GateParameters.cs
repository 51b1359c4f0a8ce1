using System.Text.Json;
using System.Text.Json.Serialization;
using Dmkd.Core.Routing;
using Dmkd.Core.Routing.Discriminants;

namespace Dmkd.Grains.Routing;

/// <summary>The parameters of a fitted gate as they lie in the weight store: JSON, numbers to the last bit. One of the three is there.</summary>
internal sealed record GateParameters
{
    /// <summary>Affine pair of each expert.</summary>
    public AffinePair[]? Pairs { get; init; }

    /// <summary>The MLP of <c>mlp</c> or <c>hybrid</c>.</summary>
    public ScorerGateParameters? Scorer { get; init; }

    /// <summary>Discriminant of each expert.</summary>
    public LinearDiscriminant[]? Discriminants { get; init; }

    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web) { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>As bytes; equal parameters give equal bytes.</summary>
    public byte[] Encode() => JsonSerializer.SerializeToUtf8Bytes(this, Options);

    /// <summary>From bytes.</summary>
    public static GateParameters Decode(byte[] content) => JsonSerializer.Deserialize<GateParameters>(content, Options)!;
}
