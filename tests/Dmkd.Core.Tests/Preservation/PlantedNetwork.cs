using Dmkd.Core.Models;
using static TorchSharp.torch;

namespace Dmkd.Core.Tests.Preservation;

/// <summary>
/// Two sub-networks in one: units of even and odd index, joined to each other by weights 100 times weaker. Block b sees
/// input channel b and serves the classes 2b and 2b + 1.
/// </summary>
internal static class PlantedNetwork
{
    public static ConvNetArchitecture Architecture { get; } = new(2, 8, [8, 12, 8], 4);

    public static int BlockOf(int unit) => unit % 2;

    public static int BlockOfClass(int label) => label / 2;

    public static Network Build(ulong seed = 1)
    {
        using var generator = new Generator(seed);
        var network = Architecture.Build(generator);
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, weight) in network.named_parameters().Where(p => p.parameter.dim() > 1))
        {
            var axes = Architecture.Weights.Single(axes => axes.Name == name);
            for (int row = 0; row < weight.shape[0]; row++)
            {
                for (int column = 0; column < weight.shape[1]; column++)
                {
                    int written = axes.Rows.Space == UnitSpace.Output ? BlockOfClass(row) : BlockOf(row);
                    if (written != BlockOf(column))
                        weight[row, column].mul_(0.01);
                }
            }
        }

        return network;
    }

    /// <summary>Inputs that only the class's block sees: the other input channel is 0.</summary>
    public static (Tensor Inputs, Tensor Labels) Data(int perClass = 12)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(2);
        var labels = arange(4 * perClass, dtype: int64) % 4;
        var seen = nn.functional.one_hot((labels / 2).floor().to(int64), 2).to(float32).reshape(-1, 2, 1, 1);
        var inputs = randn([4 * perClass, 2, 8, 8], generator: generator) * seen;
        return (inputs.MoveToOuterDisposeScope(), labels.MoveToOuterDisposeScope());
    }
}
