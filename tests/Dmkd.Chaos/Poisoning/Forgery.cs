using System.Buffers.Binary;
using Dmkd.Contracts.Wire;
using Dmkd.Core.Checkpoints;
using Dmkd.Core.Merging.Compression;
using Dmkd.Core.Modules;
using Dmkd.Grains.Wire;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Poisoning;

/// <summary>Makes what a node sends out of the update it trained; run on a device lane.</summary>
internal static class Forgery
{
    private const double Scale = 1000;

    /// <summary>The tensors that are sent.</summary>
    /// <param name="attack">One of <see cref="AttackNames.All"/>; those that do not touch the tensors give the update itself.</param>
    /// <param name="update">The trained update, as safetensors.</param>
    /// <param name="seed">Seed of noise.</param>
    public static TensorPayload[] Of(string attack, byte[] update, int seed)
    {
        using var trained = WeightCodec.Decode(update);
        using var forged = Change(attack, trained, seed);
        var payload = DeltaWire.ToWire(new DenseCompressor().Compress(forged));
        if (attack is AttackNames.NotANumber) Plant(payload, float.NaN);
        if (attack is AttackNames.Infinity) Plant(payload, float.PositiveInfinity);
        return payload;
    }

    private static WeightSet Change(string attack, WeightSet trained, int seed)
    {
        switch (attack)
        {
            case AttackNames.Thousandfold:
                return trained.Map((_, tensor) => tensor.mul(Scale));
            case AttackNames.SignFlip or AttackNames.Inflate:
                return trained.Map((_, tensor) => tensor.neg());
            case AttackNames.Gaussian:
                using (var generator = new Generator((ulong)seed, CPU)) return trained.Map((_, tensor) => NoiseLike(tensor, generator));
            default:
                return trained.Clone();
        }
    }

    /// <summary>Noise with the tensor's own norm, so that neither the whole nor any part of the update stands out by its length.</summary>
    private static Tensor NoiseLike(Tensor tensor, Generator generator)
    {
        var noise = randn(tensor.shape, generator: generator);
        return noise.mul(tensor.square().sum().sqrt()).div(noise.square().sum().sqrt());
    }

    /// <summary>One bad value among all the good ones; no honest compressor would send it.</summary>
    private static void Plant(TensorPayload[] payload, float value)
    {
        var target = payload.OfType<DenseTensorPayload>().MaxBy(tensor => tensor.Values.Length)!;
        BinaryPrimitives.WriteSingleLittleEndian(target.Values.AsSpan(target.Values.Length / 2 / sizeof(float) * sizeof(float)), value);
    }
}
