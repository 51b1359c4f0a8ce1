using Dmkd.Contracts.Wire;
using Dmkd.Core.Merging.Compression;

namespace Dmkd.Grains.Wire;

/// <summary>Turns compressed updates into wire payloads and back: the only place that knows both. The value arrays are shared, not copied.</summary>
internal static class DeltaWire
{
    public static TensorPayload[] ToWire(CompressedDelta delta) => [.. delta.Tensors.Select(ToWire)];

    public static CompressedDelta FromWire(IEnumerable<TensorPayload> payloads) => new([.. payloads.Select(FromWire)]);

    // The enums have the same numbers; one that is unknown here passes through and is refused by DeltaCheck.
    private static TensorPayload ToWire(CompressedTensor tensor) => Form(tensor) with { Format = (PayloadFormat)tensor.Format };

    private static CompressedTensor FromWire(TensorPayload payload) => Form(payload) with { Format = (ValueFormat)payload.Format };

    private static TensorPayload Form(CompressedTensor tensor) => tensor switch
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
        ProductTensor product => new ProductTensorPayload
        {
            Name = product.Name,
            Shape = product.Shape,
            Rank = product.Rank,
            Left = product.Left,
            Right = product.Right,
        },
        LeftFactorTensor left => new LeftFactorTensorPayload { Name = left.Name, Shape = left.Shape, Rank = left.Rank, Left = left.Left },
        RightFactorTensor right => new RightFactorTensorPayload { Name = right.Name, Shape = right.Shape, Rank = right.Rank, Right = right.Right },
        _ => throw new NotSupportedException($"No wire form for {tensor.GetType().Name} of '{tensor.Name}'."),
    };

    private static CompressedTensor Form(TensorPayload payload) => payload switch
    {
        DenseTensorPayload dense => new DenseTensor(dense.Name, dense.Shape, dense.Values),
        LowRankTensorPayload low => new LowRankTensor(low.Name, low.Shape, low.Rank, low.Left, low.Singular, low.Right),
        ProductTensorPayload product => new ProductTensor(product.Name, product.Shape, product.Rank, product.Left, product.Right),
        LeftFactorTensorPayload left => new LeftFactorTensor(left.Name, left.Shape, left.Rank, left.Left),
        RightFactorTensorPayload right => new RightFactorTensor(right.Name, right.Shape, right.Rank, right.Right),
        _ => throw new NotSupportedException($"No tensor form for {payload.GetType().Name} of '{payload.Name}'."),
    };
}
