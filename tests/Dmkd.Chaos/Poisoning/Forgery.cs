using Dmkd.Core.Tensors;
using static TorchSharp.torch;

namespace Dmkd.Chaos.Poisoning;

/// <summary>Makes what a node sends out of the update it trained; run on a device lane.</summary>
internal static class Forgery
{
    private const double Scale = 1000;

    /// <summary>The tensors that are sent.</summary>
    /// <param name="attack">One of <see cref="AttackNames.All"/>; those that do not touch the tensors give the update
    /// itself.</param>
    /// <param name="update">The trained update, as safetensors.</param>
    /// <param name="seed">Seed of noise.</param>
    public static byte[] Of(string attack, byte[] update, int seed)
    {
        using var trained = WeightCodec.Decode(update);
        using var forged = Change(attack, trained, seed);
        if (attack is AttackNames.NotANumber)
            Plant(forged, float.NaN);
        if (attack is AttackNames.Infinity)
            Plant(forged, float.PositiveInfinity);
        return WeightCodec.Encode(forged);
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
                using (var generator = new Generator((ulong)seed, CPU))
                    return trained.Map((_, tensor) => NoiseLike(tensor, generator));
            default:
                return trained.Clone();
        }
    }

    /// <summary>
    /// Noise with the tensor's own norm, so that neither the whole nor any part of the update stands out by its length.
    /// </summary>
    private static Tensor NoiseLike(Tensor tensor, Generator generator)
    {
        var noise = randn(tensor.shape, generator: generator);
        return noise.mul(tensor.square().sum().sqrt()).div(noise.square().sum().sqrt());
    }

    /// <summary>One bad value among all the good ones; no honest compressor would send it.</summary>
    private static void Plant(WeightSet forged, float value)
    {
        using var scope = NewDisposeScope();
        var target = forged.Values.MaxBy(tensor => tensor.numel())!.view(-1);
        target[target.numel() / 2] = value;
    }
}

/// <summary>Names of what a hostile node may do.</summary>
internal static class AttackNames
{
    /// <summary>Nobody attacks: all nodes are honest.</summary>
    public const string None = "none";

    /// <summary>One value of the update is not a number.</summary>
    public const string NotANumber = "nan";

    /// <summary>One value of the update is infinite.</summary>
    public const string Infinity = "inf";

    /// <summary>The honest update a thousand times as long.</summary>
    public const string Thousandfold = "x1000";

    /// <summary>The honest update in the opposite direction.</summary>
    public const string SignFlip = "sign-flip";

    /// <summary>Gaussian noise in place of the update, with the norm of the honest one in every tensor.</summary>
    public const string Gaussian = "gaussian";

    /// <summary>An update trained on wrong labels: every class is called the next one.</summary>
    public const string LabelFlip = "label-flip";

    /// <summary>
    /// A claim of far too many training images, with a sign-flipped update so that the claim matters.
    /// </summary>
    public const string Inflate = "inflate";

    /// <summary>
    /// An update that another node sent and that was accepted in the round before, under the new round's header;
    /// nothing in the first round.
    /// </summary>
    public const string Replay = "replay";

    /// <summary>All names.</summary>
    public static IReadOnlyList<string> All { get; } =
    [None, NotANumber, Infinity, Thousandfold, SignFlip, Gaussian, LabelFlip, Inflate, Replay];

    /// <summary>Attacks that must end in the same bits as a run of the honest nodes alone, whatever the rule.</summary>
    public static IReadOnlyList<string> WithoutEffect { get; } = [NotANumber, Infinity, Inflate, Replay];
}
