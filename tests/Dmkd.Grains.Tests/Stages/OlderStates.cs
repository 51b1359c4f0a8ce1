namespace Dmkd.Grains.Tests.Stages;

/// <summary>States of runs as the program before stages and typed events stored them.</summary>
internal static class OlderStates
{
    /// <summary>A run that is complete.</summary>
    public const string Finished = """
        {"settings":{"data":{"kind":"synthetic","path":null,"trainPerClass":24,"testPerClass":10,"imageSize":32,"seed":3},"tasks":2,
        "nodes":2,"rounds":2,"epochs":1,"mergeEvery":1,"rank":2,"alpha":0.5,"routing":{"gate":"evidence","topExperts":1,
        "specializationWeight":0,"gateVote":0,"views":4,"score":"max-logit","centred":true},"dirichlet":1,"seed":3,"legacyTasks":1,
        "legacyEpochs":1,"distillationEpochs":4,"lambda":0,"batchSize":32,"learningRate":0.002,"widths":[4,8,8,8],
        "calibrationPerClass":100,"roundDeadline":"00:30:00","quorum":0.5,"mergeRule":"nnm","compressor":"svd","halfPrecision":false,
        "errorFeedback":false,"outerLearningRate":1,"outerMomentum":0,"maxDrop":null,"holders":0,"participation":1,
        "shortestWait":"00:00:30","waitSpread":6,"ownFirstWeights":false,"alignment":false,"reestimateBatchNorm":false,"exemplars":0,
        "calibration":"discriminant","startFrom":"previous","unknownOutput":false,"allRotations":true,"device":"any"},"phase":7,"task":1,
        "round":2,"startedAt":"2026-11-30T16:26:07.2742374+00:00","legacy":{"architecture":"convnet(3x32x32;8-16-16-16;5)",
        "digest":"sha256:10b12864fdb02f5c69089546ea4a31fa8437adce19b5779feb0ed11c439fc845","accuracy":0.28},"preserved":[{"task":0,
        "cluster":0,"architecture":"convnet(3x32x32;4-8-8-8;20)",
        "digest":"sha256:000c91478e9f0dacb90fefdd3d39003ac7f1862bc828c4d71b98b6fe36d05de4","bytes":8968,
        "importanceShare":0.7513178295012879}],"legacyFeatures":null,"module":{"library":"done","name":"expert-2",
        "architecture":"convnet(3x32x32;4-8-8-8;20)","classes":[5,6,7,8,9],"classNames":["house","key","lamp","tree","umbrella"],
        "rotationLabelled":true,"lineage":{"origin":2,"runId":"done","legacyDigest":null,"legacyFraction":null,"cluster":null,
        "importanceShare":null,"parent":"expert-1",
        "parentDigest":"sha256:91571860d08c101b70e9e0681891977f1f095d665d0815d3f0e22159a9baf8c0"},"normalisation":"standard","role":0,
        "key":"done/expert-2"},"base":{"number":3,"digest":"sha256:2649388fa5d1b8c2e2f20ceee60917bd40407fd3753a9eb212856ccee6c6b8ca",
        "bytes":8968,"parentDigest":"sha256:0ac25534a1f8df9d851597b702b8092a5953df950ef8fe4e30de4b35088e3f0d","round":1,
        "contributions":[{"nodeId":"done/node-1","sampleCount":80,"payloadBytes":3626,
        "digest":"sha256:3455c71cdd96d54be41347cf63f49ca0b9fe888b13cdc02c011194de34e4002d","weight":0.6666666666666666},
        {"nodeId":"done/node-2","sampleCount":40,"payloadBytes":3625,
        "digest":"sha256:304045be65eac0677e123cf4eb15283158fbe76ed22e0134edb7a082c55645a2","weight":0.3333333333333333}],
        "createdAt":"2026-11-30T16:26:11.4143152+00:00","rule":"nnm",
        "update":{"digest":"sha256:5cb91d55707b0770f7da2ac4de679974a9f74510e8d7b91f11f72a6c3331bf77","bytes":5571},
        "metrics":{"sampleCount":120,"accuracyBefore":0.18333333333333332,"accuracyAfter":0.20833333333333334,
        "lossBefore":1.6151388804117839,"lossAfter":1.6134490966796875},"refusals":[],"basis":null},"participants":[0,1],"attempts":0,
        "trace":null,"roundTrace":null,"absent":[],"missed":{"0":0,"1":0},"seen":{"0":{"task":1,"round":1},"1":{"task":1,"round":1}},
        "arrivals":[0.4147261,0.5238394,0.1322167,0.2518374,0.3128675,0.1865558,0.3137534,0.0971008],"expertParameters":[1784,1784],
        "exemplars":0,"moments":{"digest":"sha256:9cf2410d6bbfa5659dc0cd2cca09d2feb6a3fa9b03b64d0df65af2aed2f5b69e","bytes":28359},
        "expertMultiplyAdds":[922240,922240],"classIncremental":[[0.18],[0.06,0.1]],"taskIncremental":[[0.18],[0.18,0.26]],
        "macroF1":0.049059079322237215,"taskDetectionRate":0.5,"bytesUp":45880,"bytesDown":80440,"denseBytes":58880,"routingBytes":16872,
        "deviceSeconds":3.5926382000000006,"wallSeconds":4.4551023999999995,"learning":[{"deviceSeconds":1.9003484,
        "wallSeconds":2.3591471000000004,"bytesUp":14504,"bytesDown":40220,"denseBytes":29440},{"deviceSeconds":0.9497312000000004,
        "wallSeconds":1.1706152999999997,"bytesUp":14504,"bytesDown":40220,"denseBytes":29440}],
        "beforeTask":{"deviceSeconds":2.1099208000000003,"wallSeconds":2.8416167000000003,"bytesUp":20128,"bytesDown":40220,
        "denseBytes":29440},"error":null,"isStopped":false,"failedIn":0}
        """;

    /// <summary>
    /// A run whose legacy model was being taken apart, by a grain of its own with a state of its own.
    /// </summary>
    public const string Unfinished = """
        {"settings":{"data":{"kind":"synthetic","path":null,"trainPerClass":120,"testPerClass":10,"imageSize":32,"seed":3},"tasks":2,
        "nodes":2,"rounds":2,"epochs":2,"mergeEvery":1,"rank":2,"alpha":0.5,"routing":{"gate":"evidence","topExperts":1,
        "specializationWeight":0,"gateVote":0,"views":4,"score":"max-logit","centred":true},"dirichlet":1,"seed":3,"legacyTasks":1,
        "legacyEpochs":6,"distillationEpochs":4,"lambda":0,"batchSize":32,"learningRate":0.002,"widths":[4,8,8,8],
        "calibrationPerClass":100,"roundDeadline":"00:30:00","quorum":0.5,"mergeRule":"nnm","compressor":"svd","halfPrecision":false,
        "errorFeedback":false,"outerLearningRate":1,"outerMomentum":0,"maxDrop":null,"holders":0,"participation":1,
        "shortestWait":"00:00:30","waitSpread":6,"ownFirstWeights":false,"alignment":false,"reestimateBatchNorm":false,"exemplars":0,
        "calibration":"discriminant","startFrom":"previous","unknownOutput":false,"allRotations":true,"device":"any"},"phase":1,"task":0,
        "round":0,"startedAt":"2026-11-30T16:26:16.3659909+00:00","legacy":null,"preserved":[],"legacyFeatures":null,"module":null,
        "base":null,"participants":[],"attempts":0,"trace":null,"roundTrace":null,"absent":[],"missed":{},"seen":{},"arrivals":[],
        "expertParameters":[],"exemplars":0,"moments":null,"expertMultiplyAdds":[],"classIncremental":[],"taskIncremental":[],"macroF1":0,
        "taskDetectionRate":0,"bytesUp":0,"bytesDown":0,"denseBytes":0,"routingBytes":0,"deviceSeconds":0,"wallSeconds":0,"learning":[],
        "beforeTask":{"deviceSeconds":0,"wallSeconds":0,"bytesUp":0,"bytesDown":0,"denseBytes":0},"error":null,"isStopped":false,
        "failedIn":0}
        """;
}
