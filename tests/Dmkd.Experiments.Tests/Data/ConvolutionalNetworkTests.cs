using Dmkd.Core.Modalities.Images;
using Dmkd.Core.Models;
using Dmkd.Core.Training;
using Dmkd.Data.Images;
using Dmkd.Data.Images.Synthetic;
using static TorchSharp.torch;

namespace Dmkd.Experiments.Tests.Data;

/// <summary>The synthetic data set's promise: colours and places do not give the class away, shapes do.</summary>
public sealed class ConvolutionalNetworkTests
{
    private const int Epochs = 12; // 0.956; ten give 0.89 to 0.93

    [Fact]
    public void Train_SmallNetworkOnSyntheticImages_LearnsTheClasses()
    {
        using var scope = NewDisposeScope();
        var dataset = SyntheticImages.Generate(
            SyntheticImages.DefaultTrainPerClass,
            SyntheticImages.DefaultTestPerClass,
            seed: 1
        );
        var architecture = new ConvNetArchitecture(
            3,
            SyntheticImages.Size,
            [16, 32, 64, 64],
            SyntheticImages.ClassCount
        );
        using var generator = new Generator(1);
        using var network = architecture.Build(generator);
        using var data = ImageTensors.From(dataset.Train.Pixels, dataset.Train.Labels, 3, SyntheticImages.Size);
        var options = new TrainingOptions
        {
            Rounds = Epochs,
            BatchSize = 32,
            LearningRate = 8e-3,
        };
        var images = new ImageTrainingData(data);
        Trainer.Run(
            network,
            images,
            new CrossEntropy(),
            options,
            generator,
            null,
            TestContext.Current.CancellationToken
        );

        Assert.InRange(architecture.ParameterCount, 55_000, 65_000);
        Assert.InRange(AccuracyOf(network, dataset.Test), 0.90, 1);
    }

    private static double AccuracyOf(Network network, ImageSet test)
    {
        using var scope = NewDisposeScope();
        var pixels = ImageTensors.PixelTensor(test.Pixels, test.Count, test.Channels, test.Height);
        var predicted = ExpertScorer.Score(network, pixels, rotationLabelled: false).argmax(1).data<long>().ToArray();
        return predicted.Zip(test.Labels, (answer, label) => answer == label ? 1.0 : 0).Average();
    }
}
