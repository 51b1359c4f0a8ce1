using Dmkd.Core.Modalities.Images;
using Dmkd.Data.Images;
using Dmkd.Data.Images.Synthetic;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Dmkd.Experiments.Tests.Data;

/// <summary>
/// The other half of the synthetic data set's promise: a linear classifier on the pixels does not solve it.
/// </summary>
public sealed class SoftmaxRegressionTests
{
    private const int Epochs = 15;
    private const int BatchSize = 100;

    [Fact]
    public void Train_SoftmaxRegressionOnSyntheticPixels_NeverPassesHalf()
    {
        using var scope = NewDisposeScope();
        var dataset = SyntheticImages.Generate(
            SyntheticImages.DefaultTrainPerClass,
            SyntheticImages.DefaultTestPerClass,
            seed: 1
        );
        var (train, test) = (Flatten(dataset.Train), Flatten(dataset.Test));
        using var generator = new Generator(1);
        using var model = nn.Linear(train.Inputs.shape[1], SyntheticImages.ClassCount);
        nn.init.zeros_(model.weight);
        nn.init.zeros_(model.bias);
        using var optimizer = optim.Adam(model.parameters(), lr: 1e-3);
        double best = 0;
        for (int epoch = 0; epoch < Epochs; epoch++)
        {
            using var order = randperm(train.Labels.shape[0], generator: generator);
            foreach (var batch in order.split(BatchSize))
                Step(train, batch, model, optimizer);
            best = Math.Max(best, AccuracyOf(test, model));
        }

        Assert.InRange(best, 0.15, 0.50); // it does learn something: chance is 0.10
    }

    private static (Tensor Inputs, Tensor Labels) Flatten(ImageSet images)
    {
        using var data = ImageTensors.From(images.Pixels, images.Labels, images.Channels, images.Height);
        return (ImageTensors.Normalise(data.Inputs).flatten(1), data.Labels.clone());
    }

    private static void Step(
        (Tensor Inputs, Tensor Labels) data,
        Tensor batch,
        nn.Module<Tensor, Tensor> model,
        optim.Optimizer optimizer
    )
    {
        using var scope = NewDisposeScope();
        optimizer.zero_grad();
        var logits = model.forward(data.Inputs.index_select(0, batch));
        F.cross_entropy(logits, data.Labels.index_select(0, batch)).backward();
        optimizer.step();
    }

    private static double AccuracyOf((Tensor Inputs, Tensor Labels) data, nn.Module<Tensor, Tensor> model)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        return model.forward(data.Inputs).argmax(1).eq(data.Labels).to(float64).mean().item<double>();
    }
}
