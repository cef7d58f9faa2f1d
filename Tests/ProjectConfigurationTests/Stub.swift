enum ProjectConfigurationTestsStub {}
