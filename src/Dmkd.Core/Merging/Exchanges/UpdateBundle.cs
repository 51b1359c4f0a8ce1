using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Core.Merging.Exchanges;

/// <summary>
/// An update as the bytes of a <see cref="TensorBundle"/>: a whole tensor under the weight's own name, factors under
/// <c>layer1.weight/U</c>, <c>/S</c>, <c>/V</c> (singular triplets) or <c>/P</c>, <c>/Q</c> (products and bases).
/// Factors are matrices; the shape of their weight is that of the base version, which sender and receiver have.
/// </summary>
public static class UpdateBundle
{
    private const string Left = "/U",
        Singular = "/S",
        Right = "/V",
        ProductLeft = "/P",
        ProductRight = "/Q";

    private static readonly string[] Factors = [Left, Singular, Right, ProductLeft, ProductRight];

    /// <summary>Writes an update.</summary>
    /// <returns>The bytes; an update that is whole and in fp32 is written as <see cref="WeightCodec"/> writes
    /// it.</returns>
    /// <exception cref="ArgumentException">A name comes twice, or values do not fit their shape.</exception>
    public static byte[] ToBytes(CompressedDelta update)
    {
        ArgumentNullException.ThrowIfNull(update);
        return TensorBundle.Write(update.Tensors.SelectMany(PartsOf));
    }

    /// <summary>Reads an update. Values are shared with the bytes, not copied.</summary>
    /// <param name="bytes">What <see cref="ToBytes"/> wrote, or what a stranger sent.</param>
    /// <param name="baseWeights">Weights the update is for. Borrowed: only names and shapes count.</param>
    /// <returns>Tensors ordered by name; <see cref="DeltaCheck"/> says whether they belong to the weights.</returns>
    /// <exception cref="CheckpointFormatException">The bytes are no bundle, or its tensors are no whole tensors and
    /// factors.</exception>
    public static CompressedDelta Read(ReadOnlyMemory<byte> bytes, WeightSet baseWeights)
    {
        ArgumentNullException.ThrowIfNull(baseWeights);
        var bundle = TensorBundle.Read(bytes);
        var byWeight = bundle.Tensors.Values.GroupBy(part => WeightOf(part.Name), StringComparer.Ordinal);
        var ordered = byWeight.OrderBy(parts => parts.Key, StringComparer.Ordinal);
        return new CompressedDelta([
            .. ordered.Select(parts => Assemble(parts.Key, [.. parts], ShapeOf(parts.Key, baseWeights))),
        ]);
    }

    private static IEnumerable<BundleTensor> PartsOf(CompressedTensor tensor)
    {
        switch (tensor)
        {
            case DenseTensor dense:
                return [Part(dense, "", dense.Values, dense.Shape)];
            case LowRankTensor low:
                return
                [
                    LeftPart(low, Left, low.Left),
                    Part(low, Singular, low.Singular, low.Rank),
                    RightPart(low, Right, low.Right),
                ];
            case ProductTensor product:
                return [LeftPart(product, ProductLeft, product.Left), RightPart(product, ProductRight, product.Right)];
            case LeftFactorTensor factor:
                return [LeftPart(factor, ProductLeft, factor.Left)];
            case RightFactorTensor factor:
                return [RightPart(factor, ProductRight, factor.Right)];
            default:
                throw new NotSupportedException(
                    $"Tensor '{tensor.Name}' has the unknown form {tensor.GetType().Name}."
                );
        }
    }

    private static BundleTensor LeftPart(FactoredTensor tensor, string factor, ReadOnlyMemory<byte> values) =>
        Part(tensor, factor, values, MatrixShape.Of(tensor.Shape).Rows, tensor.Rank);

    private static BundleTensor RightPart(FactoredTensor tensor, string factor, ReadOnlyMemory<byte> values) =>
        Part(tensor, factor, values, tensor.Rank, MatrixShape.Of(tensor.Shape).Columns);

    private static BundleTensor Part(
        CompressedTensor tensor,
        string factor,
        ReadOnlyMemory<byte> values,
        params long[] shape
    )
    {
        var type = tensor.Format == ValueFormat.Fp16 ? ScalarType.Float16 : ScalarType.Float32;
        return new BundleTensor(tensor.Name + factor, type, shape, values);
    }

    private static string WeightOf(string part)
    {
        string? factor = Array.Find(Factors, suffix => part.EndsWith(suffix, StringComparison.Ordinal));
        return factor is null ? part : part[..^factor.Length];
    }

    private static long[]? ShapeOf(string weight, WeightSet baseWeights) =>
        baseWeights.TryGetValue(weight, out var tensor) ? tensor.shape : null;

    private static CompressedTensor Assemble(string weight, BundleTensor[] parts, long[]? shape)
    {
        var format = FormatOf(weight, parts);
        var byFactor = parts.ToDictionary(part => part.Name[weight.Length..], StringComparer.Ordinal);
        string factors = string.Join(' ', byFactor.Keys.Order(StringComparer.Ordinal));
        switch (factors)
        {
            case "":
                return new DenseTensor(weight, parts[0].Shape, parts[0].Values) { Format = format };
            case "/S /U /V":
                return Triplets(weight, byFactor, shape) with { Format = format };
            case "/P /Q":
                return Product(weight, byFactor, shape) with { Format = format };
            case "/P":
                var left = Matrix(byFactor[ProductLeft]);
                return new LeftFactorTensor(weight, shape ?? left.Shape, RankOf(left, 1), left.Values)
                {
                    Format = format,
                };
            case "/Q":
                var right = Matrix(byFactor[ProductRight]);
                return new RightFactorTensor(weight, shape ?? right.Shape, RankOf(right, 0), right.Values)
                {
                    Format = format,
                };
            default:
                throw Bad(weight, $"its parts are '{factors}'; an update has a whole tensor, /U /S /V, or /P and /Q");
        }
    }

    private static ValueFormat FormatOf(string weight, BundleTensor[] parts)
    {
        var type = parts[0].Type;
        if (parts.Any(part => part.Type != type))
            throw Bad(weight, "its parts have several element types");
        if (type is not (ScalarType.Float32 or ScalarType.Float16))
            throw Bad(weight, $"an update's values are F32 or F16; these are {type}");
        return type == ScalarType.Float16 ? ValueFormat.Fp16 : ValueFormat.Fp32;
    }

    private static LowRankTensor Triplets(string weight, Dictionary<string, BundleTensor> parts, long[]? shape)
    {
        var left = Matrix(parts[Left]);
        var singular = parts[Singular];
        var right = Matrix(parts[Right]);
        RequireRank(right, left.Shape[1]);
        if (singular.Shape.Length != 1)
            throw Bad(singular.Name, $"singular values have 1 axis; it has shape {WeightSchema.Text(singular.Shape)}");
        RequireRank(singular, left.Shape[1]);
        return new LowRankTensor(
            weight,
            shape ?? Shape(left, right),
            RankOf(left, 1),
            left.Values,
            singular.Values,
            right.Values
        );
    }

    private static ProductTensor Product(string weight, Dictionary<string, BundleTensor> parts, long[]? shape)
    {
        var left = Matrix(parts[ProductLeft]);
        var right = Matrix(parts[ProductRight]);
        RequireRank(right, left.Shape[1]);
        return new ProductTensor(weight, shape ?? Shape(left, right), RankOf(left, 1), left.Values, right.Values);
    }

    private static long[] Shape(BundleTensor left, BundleTensor right) => [left.Shape[0], right.Shape[1]];

    private static BundleTensor Matrix(BundleTensor part) =>
        part.Shape.Length == 2
            ? part
            : throw Bad(part.Name, $"a factor has 2 axes; it has shape {WeightSchema.Text(part.Shape)}");

    private static void RequireRank(BundleTensor factor, long rank)
    {
        if (factor.Shape[0] != rank)
            throw Bad(factor.Name, $"its rank must be {rank}, as of its left factor; it is {factor.Shape[0]}");
    }

    private static int RankOf(BundleTensor factor, int axis) => (int)Math.Min(factor.Shape[axis], int.MaxValue);

    private static CheckpointFormatException Bad(string name, string problem) =>
        new($"Tensor {CheckpointFormatException.Quote(name)}: {problem}.");
}
