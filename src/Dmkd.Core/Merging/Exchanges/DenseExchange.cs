using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>Sends every tensor whole: the control without compression.</summary>
public sealed class DenseExchange : IUpdateExchange
{
    /// <summary>The name.</summary>
    public const string Name = "dense";

    /// <inheritdoc/>
    public CompressedDelta Pack(NodeUpdate update, CompressedDelta? basis)
    {
        ArgumentNullException.ThrowIfNull(update);
        return Whole(update.Delta);
    }

    /// <summary>An update, whole.</summary>
    /// <param name="delta">Finite values. Borrowed.</param>
    /// <exception cref="ArgumentException">A value is not finite; the message names the tensor.</exception>
    public static CompressedDelta Whole(WeightSet delta)
    {
        ArgumentNullException.ThrowIfNull(delta);
        return new CompressedDelta([.. delta.Select(pair => Whole(pair.Key, pair.Value))]);
    }

    /// <summary>One tensor, whole.</summary>
    internal static DenseTensor Whole(string name, Tensor tensor)
    {
        WeightSchema.RequireFinite(name, tensor, "delta");
        return new DenseTensor(name, tensor.shape, ValueCodec.Encode(tensor, ValueFormat.Fp32));
    }
}
