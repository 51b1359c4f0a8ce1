using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Poisoning;

/// <summary>How far a merged update is from what the honest nodes meant; run on a device lane.</summary>
internal static class UpdateError
{
    /// <summary>
    /// <c>|merged - mean| / |mean|</c> in L2 over the trained weights, where the mean is the plain one.
    /// </summary>
    /// <param name="before">Weights of the version merged onto, as safetensors.</param>
    /// <param name="after">Weights of the merged version.</param>
    /// <param name="honest">Updates of the honest nodes, at least one.</param>
    public static double Relative(byte[] before, byte[] after, IReadOnlyList<byte[]> honest)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var start = WeightCodec.Decode(before);
        using var merged = WeightCodec.Decode(after);
        WeightSet[] updates = [.. honest.Select(update => WeightCodec.Decode(update))];
        try
        {
            double difference = 0,
                length = 0;
            foreach (string name in start.Keys.Where(IsTrained))
            {
                using var inner = NewDisposeScope();
                var mean = zeros(start[name].shape, dtype: ScalarType.Float64);
                foreach (var update in updates)
                    mean.add_(update[name]);
                mean.div_(updates.Length);
                var step = merged[name].to(ScalarType.Float64).sub_(start[name]);
                difference += step.sub_(mean).square().sum().item<double>();
                length += mean.square().sum().item<double>();
            }

            return Math.Sqrt(difference / length);
        }
        finally
        {
            foreach (var update in updates)
                update.Dispose();
        }
    }

    private static bool IsTrained(string name) => !name.Contains(".running_", StringComparison.Ordinal);
}
