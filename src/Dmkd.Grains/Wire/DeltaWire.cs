using Dmkd.Contracts.Wire;
using Dmkd.Core.Merging;

namespace Dmkd.Grains.Wire;

/// <summary>Turns compressed updates into wire payloads and back: the only place that knows both. The value arrays are shared, not copied.</summary>
internal static class DeltaWire
{
    public static TensorPayload[] ToWire(CompressedDelta delta) => [.. delta.Tensors.Select(ToWire)];

    public static CompressedDelta FromWire(IEnumerable<TensorPayload> payloads) => new([.. payloads.Select(FromWire)]);

    private static TensorPayload ToWire(CompressedTensor tensor) => tensor switch
    {
        DenseTensor dense => new DenseTensorPayload { Name = dense.Name, Shape = dense.Shape, Values = dense.Values },
        LowRankTensor low => new LowRankTensorPayload
        {
            Name = low.Name,
            Shape = low.Shape,
            Rank = low.Rank,
            Left = low.Left,
            Singular = low.Singular,
            Right = low.Right,
        },
        _ => throw new NotSupportedException($"No wire form for {tensor.GetType().Name} of '{tensor.Name}'."),
    };

    private static CompressedTensor FromWire(TensorPayload payload) => payload switch
    {
        DenseTensorPayload dense => new DenseTensor(dense.Name, dense.Shape, dense.Values),
        LowRankTensorPayload low => new LowRankTensor(low.Name, low.Shape, low.Rank, low.Left, low.Singular, low.Right),
        _ => throw new NotSupportedException($"No tensor form for {payload.GetType().Name} of '{payload.Name}'."),
    };
}
