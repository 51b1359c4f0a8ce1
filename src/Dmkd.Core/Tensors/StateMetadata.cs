using System.Globalization;
using static TorchSharp.torch;

namespace Dmkd.Core.Tensors;

/// <summary>Turns the values beside a state dict into text.</summary>
internal static class StateMetadata
{
    /// <summary>Writes every value in the invariant culture.</summary>
    /// <param name="file">Where the storages of single-value tensors are. Borrowed.</param>
    /// <param name="values">Numbers, texts and single-value tensors.</param>
    /// <exception cref="CheckpointFormatException">A tensor does not fit its storage.</exception>
    public static Dictionary<string, string> Read(ITorchFile file, IReadOnlyDictionary<string, object> values)
    {
        using var scope = NewDisposeScope();
        var references = new OrderedDictionary<string, TensorReference>(StringComparer.Ordinal);
        foreach (var (key, value) in values)
            if (value is TensorReference reference)
                references.Add(key, reference);
        var tensors = StorageTensors.Read(file, references);
        return values.ToDictionary(
            pair => pair.Key,
            pair => tensors.TryGetValue(pair.Key, out var tensor) ? TextOfSingle(tensor) : TextOf(pair.Value),
            StringComparer.Ordinal
        );
    }

    private static string TextOf(object value) =>
        value switch
        {
            bool flag => flag ? "true" : "false",
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => (string)value,
        };

    /// <summary>
    /// Not an overload: a number converts to a tensor by itself, and the two would call each other for ever.
    /// </summary>
    private static string TextOfSingle(Tensor tensor) =>
        tensor.dtype switch
        {
            ScalarType.Bool => TextOf(tensor.item<bool>()),
            ScalarType.Float64 => TextOf(tensor.item<double>()),
            ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16 => TextOf(
                tensor.to(ScalarType.Float32).item<float>()
            ),
            _ => TextOf(tensor.to(ScalarType.Int64).item<long>()),
        };
}
