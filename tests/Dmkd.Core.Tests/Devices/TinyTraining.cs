using Dmkd.Core.Models;
using TorchSharp.Modules;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Core.Tests.Devices;

/// <summary>
/// Trains a small multi-layer perceptron with Adam on random data, all of it drawn from one generator.
/// </summary>
internal static class TinyTraining
{
    /// <summary>Trains while a condition holds, asked before each step.</summary>
    /// <returns>Number of steps, last loss, and the bytes of the first layer's weights.</returns>
    public static (int Steps, float Loss, byte[] Weights) Run(ulong seed, Func<int, bool> goOn)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(seed);
        using var first = nn.Linear(16, 32);
        using var second = nn.Linear(32, 4);
        WeightInitialisation.Linear(first, generator);
        WeightInitialisation.Linear(second, generator);
        using var optimizer = optim.Adam([first.weight, first.bias!, second.weight, second.bias!], lr: 1e-3);
        int steps = 0;
        float loss = 0;
        for (; goOn(steps); steps++)
            loss = Step(first, second, optimizer, generator);
        return (steps, loss, first.weight.bytes.ToArray());
    }

    private static float Step(Linear first, Linear second, optim.Optimizer optimizer, Generator generator)
    {
        using var scope = NewDisposeScope();
        var input = randn([8, 16], generator: generator);
        var target = input.narrow(1, 0, 4).argmax(1);
        // a + b, a * b and a / b hide scalars, the objects that only the scalar guard protects
        var loss = F.cross_entropy(second.forward(F.relu(first.forward(input) * 0.9 + 0.01)) / 1.1, target);
        optimizer.zero_grad();
        loss.backward();
        optimizer.step();
        return loss.item<float>();
    }
}
